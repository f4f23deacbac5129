"""Keys of machines that ask the sidecar: who they are, what they may do, and what they did just now."""
