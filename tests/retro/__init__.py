"""Tests of the retro-match."""
