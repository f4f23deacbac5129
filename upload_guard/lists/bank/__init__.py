"""The benign bank: known-good files, shipped and added."""
