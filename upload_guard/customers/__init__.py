"""Those who ask this installation as their check service: what they got, and what became of it."""
