"""How long bytes are held, by whose word, and to whom they are given."""
