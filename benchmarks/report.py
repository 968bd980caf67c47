"""What the benchmarks write and print: one JSON file, whole at any time, and a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genkit.files import write_bytes, write_json

SCHEMA = 1
COLUMNS = {
    "case": "case",
    "sampler": "sampler",
    "precision": "precision",
    "tile": "tile",
    "seconds": "seconds",
    "forward_seconds": "forward",
    "ratio": "ratio",
    "values_per_second": "values/s",
    "over_naive": "over naive",
    "real_time_factor": "real time",
    "blas_ratio": "over BLAS",
    "steps_per_second": "steps/s",
    "compile_seconds": "compile",
    "peak_bytes": "memory",
}


def default_out(name: str) -> Path:
    """`$OUT/name` where that is set, else below the folder of runs."""
    folder = os.environ.get("OUT") or os.environ.get("GENKIT_RUNS") or "runs"
    return Path(folder) / name


class Report:
    """One JSON object with `machine`, `results` and further lists, written after every row.

    Args:
        path: of the file. machine: what it was measured on.
    """

    def __init__(self, path: Path, machine: dict[str, Any]) -> None:
        self.path = path
        self.values: dict[str, Any] = {"schema": SCHEMA, "machine": machine, "results": []}
        write_bytes(path, b"{}\n")  # a folder that cannot be written is known before the work
        self.write()

    def add(self, row: dict[str, Any], part: str = "results") -> None:
        self.values.setdefault(part, []).append(row)
        self.write()

    def write(self) -> None:
        write_json(self.path, self.values)


def table(rows: Sequence[dict[str, Any]], columns: dict[str, str] | None = None) -> str:
    """Rows as aligned text; columns without any value are left out."""
    chosen = columns or COLUMNS
    used = [key for key in chosen if any(row.get(key) is not None for row in rows)]
    lines = [[chosen[key] for key in used]]
    lines += [[_cell(key, row) for key in used] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(used))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + _note(row)
        for line, row in zip(lines, [{}, *rows], strict=True)
    )


def _cell(key: str, row: dict[str, Any]) -> str:
    value = row.get(key)
    if value is None:
        return "-"
    if key.endswith("_bytes"):
        return f"{value / 1e6:.1f} MB"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _note(row: dict[str, Any]) -> str:
    """What a person should know of a row."""
    if "skipped" in row or "error" in row:
        return "  " + str(row.get("skipped") or row["error"])
    return "  (extrapolated)" if row.get("extrapolated") else ""


def say(text: str) -> None:
    """A line for the person watching."""
    print(text, file=sys.stderr, flush=True)
