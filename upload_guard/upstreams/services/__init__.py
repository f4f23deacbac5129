"""Check services: other systems that are asked about an upload while it waits, one module a system."""
