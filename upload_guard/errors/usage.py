"""What an administrator asked for cannot be done."""

from __future__ import annotations

from upload_guard.errors.root import UploadGuardError


class UsageError(UploadGuardError):
    """A command, setting or file given by the administrator is wrong; the CLI exits 2."""

    code = "usage"


class ConfigError(UsageError):
    """A setting has a wrong name, type or range. The message names where it stands and what is accepted."""

    code = "config"


class NumberChanged(UsageError):
    """There are other cases to decide than whoever decides was told of; none was decided."""

    status = 409
    code = "number_changed"


class MasterKeyError(UsageError):
    """The master key cannot be had, or is not the one that was used before; nothing sealed can be opened."""

    code = "master_key"


class ListError(UsageError):
    """A hash list, or a line of its file, cannot be used; nothing of it was imported."""

    code = "list"


class ListHeld(ListError):
    """A version of a list waits for a person's approval; what was active stays so."""

    code = "list_held"
