"""What the uploader of a confirmed case is told, and how that can be appealed against."""
