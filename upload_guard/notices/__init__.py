"""Notices coming in: somebody tells the site that a file of it should not be there."""
