"""The demonstration: drawn pictures, an example site, a sidecar, and four uploads."""
