"""Papers and the API of SCART's shapes."""
