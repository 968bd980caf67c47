"""metrics.jsonl: one JSON object a line, readable with any tool.

A record holds `step` (updates done), `kind` (`train` or `validation`) and metrics by name; a
value that is not finite is stored as null.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genkit.files import write_atomically

Record = dict[str, Any]


class MetricsLog:
    """Appends to, reads and cuts back one metrics file.

    Args:
        path: the file; made by the first record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Write one record and hand it to the operating system."""
        record: Record = {"step": step, "kind": kind}
        record.update({name: _plain(value) for name, value in values.items()})
        line = json.dumps(record, allow_nan=False) + "\n"
        with self.path.open("ab") as file:
            file.write(line.encode())
            file.flush()

    def sync(self) -> None:
        """Wait until all records are on the disk."""
        if self.path.exists():
            with self.path.open("rb") as file:
                os.fsync(file.fileno())

    def read(self, kind: str | None = None) -> list[Record]:
        """All whole records, of one kind or of all; a torn line is left out."""
        records = [record for line in self._lines() if (record := _parse(line)) is not None]
        return [record for record in records if kind is None or record.get("kind") == kind]

    def last(self, kind: str) -> Record | None:
        """The newest record of `kind`."""
        records = self.read(kind)
        return records[-1] if records else None

    def cut_back(self, step: int) -> None:
        """Drop records after `step`, and a torn line, in one atomic replacement."""
        lines = self._lines()
        kept = []
        for line in lines:
            record = _parse(line)
            if record is not None and record["step"] <= step:
                kept.append(line)
        if kept != lines:
            write_atomically(self.path, b"".join(kept))

    def _lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            return file.readlines()


def _plain(value: float) -> float | int | None:
    number = float(value)
    if not math.isfinite(number):
        return None
    return value if type(value) is int else number


def _parse(line: bytes) -> Record | None:
    """The record in a whole line, else None."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if isinstance(record, dict) and type(record.get("step")) is int:
        return record
    return None
