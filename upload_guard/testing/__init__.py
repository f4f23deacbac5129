"""For those who extend or use upload_guard: checks that a plug-in conforms, the canary, a fake check service.

Plain functions; they raise `NotConformant`, an `AssertionError`, so that any test runner shows them. See
docs/signal-types.md.
"""

from __future__ import annotations

from upload_guard.canary import canary_png
from upload_guard.testing.conformance import NotConformant
from upload_guard.testing.exact import check_exact_type
from upload_guard.testing.pictures import drawing, view_of
from upload_guard.testing.sandboxed import check_in_sandbox
from upload_guard.testing.signals import check_signal_plugin
from upload_guard.testing.upstream import FakeHashCheck, fake_hash_check

__all__ = [
    "FakeHashCheck",
    "NotConformant",
    "canary_png",
    "check_exact_type",
    "check_in_sandbox",
    "check_signal_plugin",
    "drawing",
    "fake_hash_check",
    "view_of",
]
