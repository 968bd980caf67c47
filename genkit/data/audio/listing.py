"""What a reader finds: which recordings a data set has, before any is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genkit.data.audio.report import Remark


@dataclass(frozen=True)
class Item:
    """A recording to be read.

    Args:
        path: its file.
        name: path below the data set's folder.
        start, end: span of the file, seconds; None is its end.
        labels: attribute -> value, for attributes of one value.
        tags: values of the attribute `tags`.
        text: what is said.
        alignment: a file of segments, see `alignment.read_segments`.
    """

    path: Path
    name: str
    start: float = 0.0
    end: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    text: str = ""
    alignment: Path | None = None

    @property
    def title(self) -> str:
        """`path`, or `path:start-end` in seconds."""
        if self.start == 0.0 and self.end is None:
            return self.name
        return f"{self.name}:{_seconds(self.start)}-{_seconds(self.end)}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def in_turn(items: Sequence[Item], attribute: str) -> list[Item]:
    """The items so that the values of an attribute take turns, each in the order of `items`: the
    beginning of a split then has all of them."""
    counts: Counter[str] = Counter()
    ranked = []
    for item in items:
        value = item.labels.get(attribute, "")
        ranked.append((counts[value], item))
        counts[value] += 1
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class Listing:
    """The recordings of a data set.

    Args:
        splits: name -> items, in the order in which they are kept.
        remarks: on files that are not read.
        tolerant: whether a file that cannot be used is dropped and reported, as in data of
            one's own; else it is an error, so that no part of a data set passes for the whole.
        notes: what else to say beside every likelihood, such as that it is a part.
    """

    splits: Mapping[str, Sequence[Item]]
    remarks: Sequence[Remark] = ()
    tolerant: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
