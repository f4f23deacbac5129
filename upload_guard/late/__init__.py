"""What passed unchecked, and its later check."""
