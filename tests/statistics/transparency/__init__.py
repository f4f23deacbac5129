"""Tests of the transparency report."""
