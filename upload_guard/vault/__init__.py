"""The vault: bytes that are held, sealed at rest, in a folder or an object store."""
