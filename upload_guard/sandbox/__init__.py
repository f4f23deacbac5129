"""Files of strangers are decoded here, in warm worker processes that can do nothing else."""
