"""`python -m upload_guard` is the `upload-guard` command."""

from upload_guard.cli.main import main

# A process that this one starts may import it again.
if __name__ == "__main__":
    main()
