"""How the library tells of its progress. The command line draws bars; the library only calls."""

from __future__ import annotations

from collections.abc import Mapping


class Progress:
    """Receives progress. This base says nothing; front ends override what they show."""

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        """A stretch of work begins: `total` pieces named `unit`, `initial` of them done before."""

    def advance(self, count: float = 1, values: Mapping[str, float] | None = None) -> None:
        """`count` more pieces are done, parts of one too; `values` are figures worth showing
        (loss, rate)."""

    def finish(self) -> None:
        """The stretch of work named last has ended."""

    def message(self, text: str) -> None:
        """A line for the person watching."""

    def warn(self, text: str) -> None:
        """A line that should not be missed."""


SILENT = Progress()
