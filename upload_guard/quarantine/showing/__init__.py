"""Cases as people are shown them: the queue, one case, what became of it."""
