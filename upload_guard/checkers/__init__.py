"""Who finds out about an upload: this process (`local`) or a sidecar (`remote`)."""
