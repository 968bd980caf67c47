"""What became of every recording: kept or dropped, how many seconds, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

EMPTY = "no audio samples"
UNREADABLE = "not readable"
NOT_FINITE = "NaN or infinite"
SILENT = "silent"
OUTSIDE = "span after its end"
TRIMMED = "silence at the ends"
CLIPPED = "clipped"
MIXED = "mixed to mono"
RESAMPLED = "resampled"
ROUNDED = "rounded to 16 bits"
SHORT = "shorter than its header says"
ALIGNMENT = "alignment cut to the recording"
OTHER = "not audio, or no part of the data set"
_NAMED = 3  # recordings that a note names


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
    names: list[str] = field(default_factory=list)


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
        if len(group.names) < _NAMED:
            detail = f" ({remark.detail})" if remark.detail else ""
            group.names.append(f"{remark.name}{detail}")
        if self._write is not None:
            self._write(asdict(remark))

    def notes(self) -> dict[str, str]:
        """`kept`, `dropped`, and a line for each reason, in words."""
        lost = sum(group.seconds for group in self._groups.values())
        notes = {"kept": f"{self.count:,} recordings, {self.seconds:,.1f} s"}
        if lost or any(dropped for dropped, _ in self._groups):
            notes["dropped"] = f"{lost:,.1f} s of {lost + self.seconds:,.1f} s"
        for (dropped, reason), group in sorted(self._groups.items(), reverse=True):
            key = f"{'dropped' if dropped else 'kept'}, {reason}"
            notes[key] = _told(group)
        return notes


def _told(group: _Group) -> str:
    seconds = f", {group.seconds:,.1f} s dropped" if group.seconds else ""
    more = group.count - len(group.names)
    names = ", ".join(group.names) + (f" and {more:,} more" if more else "")
    return f"{group.count:,}{seconds}: {names}"
