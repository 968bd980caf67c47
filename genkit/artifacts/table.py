"""Tables: CSV for programs, Markdown for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genkit.files import write_bytes


def _cell(value: Any) -> Any:
    """Lists and mappings as JSON, which other programs read."""
    return json.dumps(value) if isinstance(value, list | tuple | dict) else value


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Table:
    """Rows of named values; the columns are those of the first row.

    Args:
        name: stem of the file.
        rows: mappings with the same keys.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]

    def save(self, folder: Path) -> list[Path]:
        """`<name>.csv`."""
        return [write_bytes(folder / f"{self.name}.csv", self.csv().encode())]

    def csv(self) -> str:
        buffer = io.StringIO()
        if self.rows:
            writer = csv.DictWriter(buffer, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: _cell(value) for key, value in row.items()} for row in self.rows)
        return buffer.getvalue()

    def markdown(self) -> str:
        if not self.rows:
            return ""
        columns = list(self.rows[0])
        lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
        for row in self.rows:
            lines.append("| " + " | ".join(_text(row.get(key, "")) for key in columns) + " |")
        return "\n".join(lines) + "\n"

    def preview(self) -> None:
        """Nothing to look at."""
        return None  # noqa: RET501 - part of the protocol
