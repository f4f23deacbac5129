"""From bytes to signals: what a file is, the views it has, their perceptual hashes."""
