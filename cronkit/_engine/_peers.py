"""Whether the schedulers of a shared store fire by the same triggers and the same zone rules.

Each publishes the version of its zone database and a digest of each trigger. Two that disagree would
fire at different times, and which of them decides a fire time is chance.
"""

from __future__ import annotations

import zoneinfo
from contextlib import suppress
from typing import TYPE_CHECKING

from cronkit._engine._hooks import LOGGER
from cronkit.jobs import Publication
from cronkit.triggers import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from cronkit.abc import SharedStore
    from cronkit.jobs import Pulse
    from cronkit.triggers import Trigger

_MOST_NAMED = 5
_DIGITS = 12


class Peers:
    """What one scheduler tells the others, and where they say something else.

    Args:
        store: the store.
        owner: the scheduler.
        triggers: gives the trigger of each job as the code says it; ``None``: not now.

    Attributes:
        differences: where live schedulers disagree with this one, a sentence each.
    """

    def __init__(
        self,
        store: SharedStore,
        owner: str,
        triggers: Callable[[], Mapping[str, Trigger] | None],
    ) -> None:
        self._store = store
        self._owner = owner
        self._triggers = triggers
        self._stale = True
        self._mine = Publication()
        self._compared: object = None
        self.differences: tuple[str, ...] = ()

    def jobs_changed(self) -> None:
        """Publish anew by and by."""
        self._stale = True

    def look(self, pulse: Pulse, alive: Collection[str], *, publish: bool) -> None:
        """Find out where the others disagree; with `publish`, tell them what is new.

        Raises:
            StoreError: the store does not answer.
        """
        if publish:
            self._publish(pulse)
        self._compare(pulse, alive)

    def _publish(self, pulse: Pulse) -> None:
        """Tell the others, if there is something new, or if the store has lost what was told."""
        lost = not pulse.published.get(self._owner)
        if not self._stale and not lost:
            return
        triggers = self._triggers()
        if triggers is None:
            return
        self._stale = False
        mine = Publication(
            tzdata=tzdata_version(),
            triggers={job_id: _digest(trigger) for job_id, trigger in triggers.items()},
        )
        if mine != self._mine or lost:
            self._store.publish(self._owner, mine)
            self._mine = mine

    def _compare(self, pulse: Pulse, alive: Collection[str]) -> None:
        mine = pulse.published.get(self._owner)
        others = {each: pulse.published.get(each) for each in alive}
        if self._compared == (mine, others) or not mine:
            return
        found: tuple[str, ...] = ()
        if any(said and said != mine for said in others.values()):
            published = self._store.published()
            found = tuple(
                sentence
                for each in sorted(others)
                if each in published
                for sentence in self._disagree(each, published[each])
            )
        self._compared = (mine, others)
        for each in found:
            if each not in self.differences:
                LOGGER.warning("schedulers disagree: %s", each)
        self.differences = found

    def _disagree(self, other: str, theirs: Publication) -> Iterator[str]:
        mine = self._mine
        if mine.tzdata and theirs.tzdata and mine.tzdata != theirs.tzdata:
            yield (
                f"the zone database of {self._owner} is {mine.tzdata}, that of {other} is "
                f"{theirs.tzdata}"
            )
        jobs = sorted(
            job_id
            for job_id, digest in mine.triggers.items()
            if theirs.triggers.get(job_id, digest) != digest
        )
        if jobs:
            more = f" and {len(jobs) - _MOST_NAMED} more" if len(jobs) > _MOST_NAMED else ""
            named = ", ".join(jobs[:_MOST_NAMED])
            yield f"{self._owner} and {other} have different triggers for {named}{more}"


def _digest(trigger: Trigger) -> str:
    from hashlib import sha256  # noqa: PLC0415 -- costs 3 ms of import; only shared stores come here

    return sha256(text_of(trigger).encode()).hexdigest()[:_DIGITS]


def tzdata_version() -> str | None:
    """Return the version of the zone database that zoneinfo reads, such as ``"2026a"``.

    A folder of the system goes before the package tzdata, as it does for zoneinfo itself.
    """
    from importlib import metadata  # noqa: PLC0415 -- costs 30 ms of import
    from pathlib import Path  # noqa: PLC0415 -- costs 5 ms of import

    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "UTC").exists():
            with suppress(OSError, UnicodeDecodeError), (folder / "tzdata.zi").open() as file:
                words = file.readline(100).split()
                return words[-1] if words[:2] == ["#", "version"] else None
            return None
    with suppress(metadata.PackageNotFoundError, ValueError):
        year, number, *_ = metadata.version("tzdata").split(".")
        return f"{year}{chr(ord('a') - 1 + int(number))}"
    return None
