"""The manifest of a folder of recordings: a CSV with a row for each recording.

Paths are bound to the manifest's folder: nothing outside of it is read, whatever a row says.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from genkit.data.audio.listing import Item
from genkit.errors import DataError, Problem, unknown

COLUMNS = ("path", "start", "end", "speaker", "tags", "text", "alignment", "split")
SPLITS = ("train", "validation", "test")
BETWEEN_TAGS = ";"
_SHOWN = 20  # problems named at once


@dataclass(frozen=True)
class Row:
    """A row.

    Args:
        item: the recording; its label `speaker` and its tags as they are written.
        split: `train`, `validation` or `test`; empty where it is not given.
    """

    item: Item
    split: str


class _RowError(Exception):
    """What is wrong with one row, and in which column."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_manifest(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """The rows, and the columns that are there.

    Raises:
        DataError: with a problem for each row that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = _columns(path, reader.fieldnames)
            rows, problems = _rows(path, reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV ({error})") from error
    if problems:
        more = f", the first {_SHOWN} of them" if len(problems) > _SHOWN else ""
        raise DataError(f"{path}: {len(problems)} rows are wrong{more}", problems[:_SHOWN])
    if not rows:
        raise DataError(f"{path}: has no rows. It needs one for each recording")
    return rows, columns


def _columns(path: Path, names: object) -> tuple[str, ...]:
    columns = tuple(str(name).strip() for name in names) if isinstance(names, list) else ()
    if "path" not in columns:
        raise DataError(
            f"{path}: its first line must name the columns, path among them. "
            f"Received: {', '.join(columns) or 'nothing'}"
        )
    wrong = [
        Problem(unknown("column", name, COLUMNS), source=str(path), line=1)
        for name in columns
        if name not in COLUMNS
    ]
    wrong += [
        Problem(f"column '{name}' is there twice", source=str(path), line=1)
        for name in COLUMNS
        if columns.count(name) > 1
    ]
    if wrong:
        raise DataError(f"{path}: its columns are wrong", wrong)
    return columns


def _rows(path: Path, reader: csv.DictReader[str]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    seen: dict[tuple[Path, float, float | None], int] = {}
    for values in reader:
        line = reader.line_num
        try:
            row = _row(path.parent, _cells(values))
            place = (row.item.path, row.item.start, row.item.end)
            if place in seen:
                raise _RowError("path", f"the same recording as in line {seen[place]}")
            seen[place] = line
            rows.append(row)
        except _RowError as error:
            problems.append(Problem(str(error), error.column, str(path), line))
    return rows, problems


def _cells(values: Mapping[str | None, str | list[str] | None]) -> dict[str, str]:
    if None in values:
        raise _RowError("", "has more cells than there are columns; quote commas in texts")
    return {str(name).strip(): str(cell or "").strip() for name, cell in values.items()}


def _row(root: Path, cells: Mapping[str, str]) -> Row:
    start, end = _span(cells)
    name = cells["path"]
    alignment = cells.get("alignment", "")
    split = cells.get("split", "")
    if split and split not in SPLITS:
        raise _RowError("split", unknown("split", split, SPLITS))
    speaker = cells.get("speaker", "")
    item = Item(
        _inside(root, "path", name),
        PurePosixPath(name).as_posix(),
        start,
        end,
        {"speaker": speaker} if speaker else {},
        tuple(_tags(cells.get("tags", ""))),
        cells.get("text", ""),
        _inside(root, "alignment", alignment) if alignment else None,
    )
    return Row(item, split)


def _tags(cell: str) -> Iterator[str]:
    return (tag.strip() for tag in cell.split(BETWEEN_TAGS) if tag.strip())


def _span(cells: Mapping[str, str]) -> tuple[float, float | None]:
    start = _seconds("start", cells.get("start", "")) or 0.0
    end = _seconds("end", cells.get("end", ""))
    if end is not None and end <= start:
        raise _RowError("end", f"must be after start, {start:g}. Received: {end:g}")
    return start, end


def _seconds(column: str, cell: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _RowError(column, f"must be seconds, 0 or more. Received: {cell[:40]!r}")
    return value


def _inside(root: Path, column: str, name: str) -> Path:
    """The file `name` below `root`."""
    if not name:
        raise _RowError(column, "is empty")
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
    if absolute or "\\" in name or "\0" in name or ".." in PurePosixPath(name).parts:
        raise _RowError(
            column, f"must be a path below the manifest's folder, with /. Received: {name[:80]!r}"
        )
    path = root / name
    if not path.is_file():
        raise _RowError(column, f"no such file: {name}")
    if not path.resolve().is_relative_to(root.resolve()):
        raise _RowError(column, f"{name} is a link that leaves the manifest's folder")
    return path
