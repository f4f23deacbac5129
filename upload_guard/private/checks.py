"""What a sidecar does for those who ask privately: says what is offered, evaluates, and gives buckets out."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from upload_guard.errors import EpochOver, NotReady
from upload_guard.list_settings import Disclosure
from upload_guard.private.marks import LABEL_BYTES, OBLIVIOUS
from upload_guard.private.oprf import KeyPair
from upload_guard.private.quota import Quota
from upload_guard.private.sets import OBLIVIOUS as OBLIVIOUS_TABLE
from upload_guard.private.sets import PrivateSet, SetFolder, TableInfo
from upload_guard.private.wire import (
    BucketsAnswer,
    EvaluateAnswer,
    EvaluateQuestion,
    ObliviousOffer,
    Offer,
    RangeAnswer,
    RangeOffer,
)
from upload_guard.records import EXACT_TYPES, SignalType

_MAY: Mapping[Disclosure, frozenset[Disclosure]] = {
    "never": frozenset(),
    "oblivious": frozenset({"oblivious"}),
    "ranges": frozenset({"oblivious", "ranges"}),
}


@dataclass(frozen=True, slots=True)
class PrivateChecks:
    """`lists` is what settings allow of each list now, `key_of` the key of a period. `narrowed` are the lists
    of each customer that may have no others.

    Everything raises `NotReady` where nothing can be said: that is never "not listed".
    """

    sets: SetFolder
    quota: Quota
    lists: Mapping[str, Disclosure]
    key_of: Callable[[int], KeyPair]
    narrowed: Mapping[str, Collection[str]] = field(default_factory=dict)

    def serves(self, site: str) -> bool:
        """Whether it may have all that is in what is prepared, which is the same for everybody."""
        return site not in self.narrowed or self.lists.keys() <= set(self.narrowed[site])

    def offer(self, key_id: str) -> Offer:
        """What may be asked now. Raises `StorageFailed`, too."""
        found = self._allowed(self.sets.current())
        manifest, table = found.manifest, _oblivious(found)
        return Offer(
            epoch=manifest.epoch,
            built_at=manifest.built_at,
            oblivious=ObliviousOffer(
                public_key=manifest.public_key,
                bits=table.bits,
                size=table.size,
                signal_types=manifest.signal_types,
            ),
            ranges=tuple(
                RangeOffer(signal_type=kind, digits=own.bits // 4, size=own.size)
                for kind in sorted(EXACT_TYPES)
                if (own := manifest.table(kind)) is not None
            ),
            labels=manifest.labels,
            evaluations_left=self.quota.left(key_id),
        )

    def evaluate(self, key_id: str, question: EvaluateQuestion) -> EvaluateAnswer:
        """Raises `EpochOver`, `BadElement`, `QuotaSpent` and `StorageFailed`, too."""
        manifest = self._of_epoch(question.epoch).manifest
        pair = self.key_of(manifest.period)
        if pair.public.hex() != manifest.public_key:
            raise NotReady("private checks: prepared under another master key; they are prepared anew")
        elements = [bytes.fromhex(one) for one in question.elements]
        # Noted first: whoever sends garbage to the end of its quota has spent it all the same.
        self.quota.take(key_id, len(elements))
        evaluated = OBLIVIOUS.evaluate_blinded(pair, elements)
        return EvaluateAnswer(
            epoch=manifest.epoch,
            elements=tuple(one.hex() for one in evaluated),
            proof=OBLIVIOUS.prove(pair, elements, evaluated).hex(),
        )

    def buckets(self, epoch: str, numbers: Sequence[int]) -> BucketsAnswer:
        """Raises `EpochOver`, too, as for a number that no bucket has."""
        found = self._of_epoch(epoch)
        table = _oblivious(found)
        buckets = (found.bucket(table, number) for number in numbers)
        return BucketsAnswer(
            epoch=epoch, buckets=tuple(base64.b64encode(bucket).decode() for bucket in buckets)
        )

    def range(self, kind: SignalType, prefix: str) -> RangeAnswer | None:
        """None where nothing of the kind may be given out. A prefix of other length raises `EpochOver`."""
        found = self._allowed(self.sets.current())
        table = found.manifest.table(kind)
        if table is None:
            return None
        digits = table.bits // 4
        if len(prefix) != digits:
            raise EpochOver(f"ranges of {kind} are asked for by {digits} digits now, not {len(prefix)}")
        bucket = found.bucket(table, int(prefix, 16))
        records = (bucket[at : at + table.record_bytes] for at in range(0, len(bucket), table.record_bytes))
        return RangeAnswer(
            epoch=found.manifest.epoch,
            signal_type=kind,
            prefix=prefix.lower(),
            records=tuple(
                f"{one[:-LABEL_BYTES].hex()[digits:]}:{one[-LABEL_BYTES:].hex()}" for one in records
            ),
        )

    def _of_epoch(self, epoch: str) -> PrivateSet:
        self._allowed(self.sets.current())
        return self._allowed(self.sets.of_epoch(epoch))

    def _allowed(self, found: PrivateSet) -> PrivateSet:
        """`found`, if all that is in it may still be told of."""
        manifest = found.manifest
        if any(way not in _MAY[self.lists.get(name, "never")] for name, way in manifest.lists.items()):
            raise NotReady(
                "private checks: what lists may be asked about was changed; they are prepared anew"
            )
        if not manifest.active:
            raise NotReady("private checks: none of the lists that may be asked about is active")
        return found


def _oblivious(found: PrivateSet) -> TableInfo:
    table = found.manifest.table(OBLIVIOUS_TABLE)
    if table is None:
        raise NotReady("private checks: what is prepared has no oblivious buckets")
    return table
