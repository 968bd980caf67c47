"""What became of every recording: kept or dropped, how many seconds, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

EMPTY = "no audio samples"
UNREADABLE = "not readable"
NOT_FINITE = "NaN or infinite"
SILENT = "silent"
SLIPPED = "noise, bytes out of step"
OUTSIDE = "span after its end"
TRIMMED = "silence at the ends"
CLIPPED = "clipped"
MIXED = "mixed to mono"
RESAMPLED = "resampled"
ROUNDED = "rounded to 16 bits"
SHORT = "shorter than its header says"
ALIGNMENT = "alignment cut to the recording"
OTHER = "not audio or no part of it"
_ALIKE = (RESAMPLED, MIXED, ROUNDED, TRIMMED)  # are told by their details, not by names
_NAMED = 3  # recordings, or different details, that a note names


@dataclass(frozen=True)
class Remark:
    """One thing to say about one recording.

    Args:
        name: of the recording or file.
        reason: one of this module's.
        detail: in words; may be empty.
        dropped: False where the recording was kept.
        seconds: how much was dropped.
    """

    name: str
    reason: str
    detail: str = ""
    dropped: bool = False
    seconds: float = 0.0


@dataclass
class _Group:
    count: int = 0
    seconds: float = 0.0
    named: dict[str, int] = field(default_factory=dict)  # what is told -> of how many


class Report:
    """Adds up remarks.

    Args:
        write: called with each remark as a mapping, such as to keep it in a file.
    """

    def __init__(self, write: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.count = 0
        self.seconds = 0.0
        self._write = write
        self._groups: dict[tuple[bool, str], _Group] = {}

    def keep(self, seconds: float) -> None:
        """A recording was kept, `seconds` of it."""
        self.count += 1
        self.seconds += seconds

    def add(self, remark: Remark) -> None:
        group = self._groups.setdefault((remark.dropped, remark.reason), _Group())
        group.count += 1
        group.seconds += remark.seconds
        named = remark.detail
        if remark.reason not in _ALIKE:
            named = f"{remark.name} ({remark.detail})" if remark.detail else remark.name
        if named and (named in group.named or len(group.named) < _NAMED):
            group.named[named] = group.named.get(named, 0) + 1
        if self._write is not None:
            self._write(asdict(remark))

    def notes(self) -> dict[str, str]:
        """`kept`, `dropped`, and a line for each reason, in words."""
        notes = {"kept": f"{self.count:,} recordings, {self.seconds:,.1f} s"}
        lost = sum(group.seconds for group in self._groups.values())
        count = sum(group.count for (dropped, _), group in self._groups.items() if dropped)
        notes["dropped"] = "nothing"
        if lost or count:
            total = lost + self.seconds
            notes["dropped"] = f"{count:,} files or recordings, {lost:,.1f} s of {total:,.1f} s"
        for (dropped, reason), group in sorted(self._groups.items(), reverse=True):
            key = f"{'dropped' if dropped else 'kept'}, {reason}"
            notes[key] = _told(group)
        return notes


def _told(group: _Group) -> str:
    seconds = f", {group.seconds:,.1f} s dropped" if group.seconds else ""
    named = ", ".join(
        f"{name} ({count:,} times)" if count > 1 else name for name, count in group.named.items()
    )
    more = group.count - sum(group.named.values())
    if named:
        named = f": {named}" + (f" and {more:,} more" if more else "")
    return f"{group.count:,}{seconds}{named}"
