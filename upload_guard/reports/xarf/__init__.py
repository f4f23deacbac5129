"""XARF, version 4: as JSON, and to whoever takes that by HTTP."""
