"""Files inside files: archives, documents, mails and what hangs behind an image. Runs in the sandbox."""
