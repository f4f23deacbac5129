"""`python -m upload_guard` is the `upload-guard` command."""

from upload_guard.cli.main import main

main()
