"""Praat's TextGrid files: tiers of intervals of time with labels.

Praat saves them as a long or as a short text, and reads both alike: it takes the numbers, quoted
texts and flags that stand free and passes over all else, so that `xmin = 0` is the number 0. So
does this reader. It refuses what Praat lets pass: a file that ends early or goes on after its
end, numbers and quotes that are broken.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from genkit.errors import DataError

PAUSE = "_"  # label of an interval without one
_PHONES = re.compile(r"(.* - )?phones|phone|phonemes|segments", re.IGNORECASE)
_WORDS = re.compile(r"(.* - )?words|word", re.IGNORECASE)
_INTERVALS, _POINTS = "IntervalTier", "TextTier"
_BEGINNING = 'File type = "ooTextFile", then Object class = "TextGrid", as Praat saves a text file'
_BINARY = b"ooBinaryFile"
_SHOWN = 40  # of what is wrong, letters or tiers
_TOKEN = re.compile(
    r"""\s*+(?:
        !.*+                                  # a comment, to the end of its line
      | "(?P<text>(?:[^"]++|"")*+)"(?!\S)     # a quote within is written twice
      | <(?P<flag>\w++)>(?!\S)
      | (?P<number>[-+]?(?:\d++\.?\d*+|\.\d++)(?:[eE][-+]?\d++)?)(?!\S)
      | (?P<word>\S++)
    )""",
    re.VERBOSE | re.ASCII,
)
_LIKE_A_NUMBER = re.compile(r"[-+]?\.?\d", re.ASCII)


@dataclass(frozen=True)
class _Tier:
    """A tier: start, end (seconds) and label of its intervals; None in a tier of points."""

    name: str
    intervals: Sequence[tuple[float, float, str]] | None

    def placed(self) -> Iterator[tuple[str, float, float, str]]:
        """The place of each interval in words, its start, end and label."""
        for number, (start, end, label) in enumerate(self.intervals or (), 1):
            yield _place(self.name, "interval", number), start, end, label.strip() or PAUSE

    def is_called(self, names: re.Pattern[str]) -> bool:
        return self.intervals is not None and names.fullmatch(self.name.strip()) is not None


def phones(path: Path, content: bytes) -> Iterator[tuple[str, float, float, str]]:
    """Place, start, end (seconds) and label of each interval of the tier of phones.

    It is the one called `phones`, `phone`, `phonemes`, `segments` or, as the Montreal Forced
    Aligner has it, `<speaker> - phones`; else the only tier of intervals that has no words.

    Args:
        path: for messages.
        content: of the file.

    Raises:
        DataError: names what is wrong and where, or the tiers if none of them can be chosen.
    """
    tiers = _tiers(path, content)
    chosen = _called(path, tiers, _PHONES, "phones")
    if chosen is None:
        others = [
            tier for tier in tiers if tier.intervals is not None and not tier.is_called(_WORDS)
        ]
        if len(others) != 1:
            raise DataError(
                f"{path}: needs a tier of intervals called phones, phone, phonemes, segments or "
                f"'<speaker> - phones'. Its tiers: {_names(tiers)}"
            )
        chosen = others[0]
    return chosen.placed()


def words(path: Path, content: bytes) -> Iterator[tuple[str, float, float, str]]:
    """As `phones`, of the tier `words`, `word` or `<speaker> - words`; nothing without it."""
    chosen = _called(path, _tiers(path, content), _WORDS, "words")
    return iter(()) if chosen is None else chosen.placed()


def _called(path: Path, tiers: Sequence[_Tier], names: re.Pattern[str], what: str) -> _Tier | None:
    found = [tier for tier in tiers if tier.is_called(names)]
    if len(found) > 1:
        raise DataError(f"{path}: needs one tier of {what}. Received: {_names(found)}")
    return found[0] if found else None


def _names(tiers: Sequence[_Tier]) -> str:
    said = [
        repr(tier.name[:_SHOWN]) + (" (points)" if tier.intervals is None else "")
        for tier in tiers[:_SHOWN]
    ]
    return ", ".join(said + ["..."] * (len(tiers) > _SHOWN)) or "none"


def _place(tier: str, what: str = "", number: int = 0) -> str:
    # Names are cut: a long one, once for each interval, would take minutes.
    return f"tier {tier[:_SHOWN]!r}" + (f", {what} {number}" if what else "")


# The text


class _Source:
    """The numbers, quoted texts and flags of a file, one after the other.

    Attributes:
        place: which part of the file is being read, in words, for messages.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.place = ""
        self._path = path
        self._text = text
        self._start = self._end = 0  # of what was read last

    def text(self, what: str) -> str:
        return self._take("text", what).replace('""', '"')

    def number(self, what: str) -> float:
        return float(self._take("number", what))

    def flag(self, what: str) -> str:
        return self._take("flag", what)

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or not value.is_integer():
            self.fail(f"needs {what}, 0 or more. Received: {value:g}")
        return int(value)

    def finish(self) -> None:
        """Refuses what follows."""
        if self._next() is not None:
            self.fail("the file goes on after what should be its end")

    def fail(self, message: str) -> NoReturn:
        line = self._text.count("\n", 0, self._start) + 1
        place = f"{self.place}: " if self.place else ""
        raise DataError(f"{self._path}, line {line}: {place}{message}")

    def _take(self, kind: str, what: str) -> str:
        match = self._next()
        if match is None:
            self.fail(f"the file ends before {what}")
        if match.lastgroup != kind:
            self.fail(f"needs {what}. Received: {match[0].strip()[:_SHOWN]!r}")
        return match[kind]

    def _next(self) -> re.Match[str] | None:
        while match := _TOKEN.match(self._text, self._end):
            kind = match.lastgroup
            self._start, self._end = match.start(kind or 0), match.end()
            if kind == "word":
                self._check(match["word"])
            elif kind is not None:
                return match
        self._start = len(self._text.rstrip())
        return None

    def _check(self, word: str) -> None:
        if '"' in word:
            self.fail(
                "a quoted text does not end, or a quote within it is not written twice. "
                f"Received: {word[:_SHOWN]!r}"
            )
        if _LIKE_A_NUMBER.match(word):
            self.fail(f"needs numbers such as 0.5. Received: {word[:_SHOWN]!r}")


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith(_BINARY):
        raise DataError(f"{path}: a binary TextGrid. Save it as a text file, which Praat can")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
        if "\0" in text:
            raise ValueError("null characters")
    except ValueError as error:  # UnicodeDecodeError is one
        raise DataError(
            f"{path}: must be UTF-8, or UTF-16 with a byte order mark ({error})"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _tiers(path: Path, content: bytes) -> list[_Tier]:
    source = _Source(path, _decoded(path, content))
    kind, what = source.text(_BEGINNING), source.text(_BEGINNING)
    if kind not in ("ooTextFile", "ooTextFile short") or what != "TextGrid":
        source.fail(f"needs {_BEGINNING}. Received: {kind[:_SHOWN]!r}, {what[:_SHOWN]!r}")
    for name in ("xmin", "xmax"):
        source.number(f"{name}, a number")
    if source.flag("<exists>") != "exists":
        source.fail("has no tiers")
    count = source.count("the number of tiers")
    tiers = [_tier(source, number) for number in range(1, count + 1)]
    source.finish()
    return tiers


def _tier(source: _Source, number: int) -> _Tier:
    source.place = f"tier {number}"
    kind = source.text("its class, a quoted text")
    if kind not in (_INTERVALS, _POINTS):
        source.fail(f"its class must be {_INTERVALS} or {_POINTS}. Received: {kind[:_SHOWN]!r}")
    name = source.text("its name, a quoted text")
    source.place = _place(name)
    for edge in ("xmin", "xmax"):
        source.number(f"its {edge}, a number")
    numbers = range(1, source.count("the number of its intervals or points") + 1)
    if kind == _INTERVALS:
        return _Tier(name, [_interval(source, _place(name, "interval", each)) for each in numbers])
    for each in numbers:
        source.place = _place(name, "point", each)
        source.number("its time, a number")
        source.text("its label, a quoted text")
    return _Tier(name, None)


def _interval(source: _Source, place: str) -> tuple[float, float, str]:
    source.place = place
    start, end = source.number("its start, a number"), source.number("its end, a number")
    return start, end, source.text("its label, a quoted text")
