"""HTS label files: a line `start end label` for each phone, times as integers in units of 100 ns.

A full-context label, `p1^p2-p3+p4=p5@...`, stands for its phone p3. Where each line is a state of
a phone, `...[2]` to `...[6]`, the lines of a phone become one. Any other label is a phone as it is
written. A number after the label is HTK's log likelihood: it and what follows it are left out.

Other programs write `.lab` files too: those with times in seconds, or without times, are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from genkit.errors import DataError

PER_SECOND = 10**7
_TIME = re.compile(r"[0-9]{1,15}")
_FULL = re.compile(r"[^^]+\^[^-]+-([^+]+)\+[^=]+=.+")
_STATE = re.compile(r"(.+)\[([0-9]{1,3})\]")
_CONTEXT = "/A:"  # where the context of syllables begins, in full-context labels only


def phones(path: Path, text: str) -> Iterator[tuple[str, float, float, str]]:
    """Line, start, end and phone of each, times in 100 ns, in the order of the file.

    Args:
        path: for messages.
        text: of the file.

    Raises:
        DataError: names the line that is wrong.
    """
    place, start, end, label, state = "", 0, 0, "", 0
    for number, first, last, written in _labels(path, text):
        name, index = _state(written)
        if name == label and index > state > 0 and end == first <= last:
            end, state = last, index
            continue
        if place:
            yield place, start, end, _phone(path, place, label)
        place, start, end, label, state = f"line {number}", first, last, name, index
    if place:
        yield place, start, end, _phone(path, place, label)


def _labels(path: Path, text: str) -> Iterator[tuple[int, int, int, str]]:
    """Number of the line, start, end and label."""
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        times = [int(field) for field in fields[:2] if _TIME.fullmatch(field)]
        if len(times) < 2 or len(fields) < 3 or (len(fields) > 3 and not _is_number(fields[3])):
            raise DataError(
                f"{path}, line {number}: needs start, end and label, times as integers in units "
                f"of 100 ns, as HTS writes them{_hint(fields)}. Received: {line[:80]!r}"
            )
        yield number, times[0], times[1], fields[2]


def _hint(fields: Sequence[str]) -> str:
    numbers = [field for field in fields[:2] if _is_number(field)]
    if not numbers:
        return "; labels without times are no alignment"
    if not all(_TIME.fullmatch(field) for field in numbers):
        return "; a file in seconds needs another suffix, such as .txt"
    return ""


def _is_number(field: str) -> bool:
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


def _state(label: str) -> tuple[str, int]:
    """A full-context label without its state, and the state; 0 where there is none."""
    match = _STATE.fullmatch(label)
    if match is None or not _FULL.fullmatch(match[1]):
        return label, 0
    return match[1], int(match[2])


def _phone(path: Path, place: str, label: str) -> str:
    match = _FULL.fullmatch(label)
    if match is None and _CONTEXT in label:
        raise DataError(
            f"{path}, {place}: a full-context label must begin with p1^p2-p3+p4=p5. "
            f"Received: {label[:80]!r}"
        )
    return label if match is None else match[1]
