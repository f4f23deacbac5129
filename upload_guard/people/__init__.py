"""Those who work at the pages: who they are, what they may do, and how they show that it is they."""
