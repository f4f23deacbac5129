"""What all stand-ins for exchanges share: numbered hashes, pages that a test can break, who may ask."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.upstreams.stand_in import Asked, Reply
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType

PAGE = 5
Broken = Reply | Callable[[Asked], Reply]


def digits(kind: SignalType, number: int) -> str:
    """The hash of that type that stands for a number."""
    return hashlib.sha256(f"{kind.value} {number}".encode()).digest()[: kind.size].hex()


@dataclass(slots=True)
class Supply(ABC):
    """One exchange. `held` are the numbers that it lists; `broken` answers instead of that page.

    `pages` are those that were asked for, from 1.
    """

    held: list[int] = field(default_factory=list)
    broken: dict[int, Broken] = field(default_factory=dict)
    pages: list[int] = field(default_factory=list)

    kind: ClassVar[str]
    type: ClassVar[SignalType]
    options: ClassVar[Mapping[str, Any]] = {}
    actions: ClassVar[Mapping[str, str]] = {}
    base: ClassVar[str] = ""
    paged: ClassVar[bool] = True
    # Whether it names what it withdraws, so that the hash stops acting at once.
    names_withdrawn: ClassVar[bool] = True

    def listed(self, number: int) -> ListedHash:
        return ListedHash(self.type, bytes.fromhex(digits(self.type, number)))

    def hold(self, *numbers: int) -> None:
        """List these, too."""
        self.held += numbers

    @abstractmethod
    def withdraw(self, number: int) -> None:
        """List it no longer."""

    def return_all(self, numbers: Iterable[int]) -> None:
        """List these again."""
        self.held[:] = [*numbers, *self.held]

    @abstractmethod
    def let_in(self, asked: Asked) -> Reply | None:
        """What whoever may not ask is told."""

    @abstractmethod
    def page_of(self, asked: Asked) -> int:
        """Which page is asked for; 0 for what is none."""

    @abstractmethod
    def page(self, asked: Asked, number: int) -> Reply:
        """That page."""

    @abstractmethod
    def circle(self, asked: Asked) -> Reply:
        """A second page that names itself as the next."""

    def answer(self, asked: Asked) -> Reply:
        refused, number = self.let_in(asked), self.page_of(asked)
        if refused is not None:
            return refused
        if number:
            self.pages.append(number)
        broken = self.broken.get(number)
        if broken is not None:
            return broken if isinstance(broken, Reply) else broken(asked)
        return self.page(asked, number)
