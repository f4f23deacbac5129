"""Files of hashes in the forms that suppliers give them: a module a form, and `files` chooses among them."""

from upload_guard.lists.formats.base import ListedHash
from upload_guard.lists.formats.files import FORMATS, WRITERS, HashFile, read_hashes

__all__ = ["FORMATS", "WRITERS", "HashFile", "ListedHash", "read_hashes"]
