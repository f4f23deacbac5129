"""Benchmarks: figures and ratios against a named reference in the same run. They fail nothing."""
