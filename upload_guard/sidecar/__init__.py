"""The HTTP service that checks for others, keeps the quarantine and says whether it is ready."""
