"""The sidecar's API, version 1, and the bridge for sites in other languages. docs/api.md shows it."""
