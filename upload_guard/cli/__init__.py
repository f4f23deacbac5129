"""The `upload-guard` command, one module a group."""
