"""Hash lists: reading their files, keeping their versions, handing out what is active."""
