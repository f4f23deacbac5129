"""NCMEC's CyberTipline: its document, held against a schema, and the steps by which it is sent."""
