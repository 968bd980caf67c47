"""Conditions of many samples: a JSON object a line, from a file or a pipe, in little memory."""

from __future__ import annotations

import hashlib
import json
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, overload

from genkit.errors import DataError, GenkitError, Problem, StorageError

Row = Mapping[str, str]
BLOCK = 256
MAX_LINE_BYTES = 16 * 2**20
MAX_PROBLEMS = 10


class Conditions(Sequence[Row]):
    """Rows that were read once and lie in a temporary file; only a block of them is in memory.

    Not to be used by several threads at once.

    Args:
        name: where the rows come from, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the rows
        weakref.finalize(self, self._file.close)
        self._offsets = array("q")  # of every block
        self._count = 0
        self._end = 0
        self._digest = hashlib.sha256()
        self._block: tuple[int, list[tuple[int, Row]]] = (-1, [])

    def append(self, row: Row, line: int) -> None:
        """Add a row that stood in `line`."""
        if self._count % BLOCK == 0:
            self._offsets.append(self._end)
        text = _canonical(row)
        self._digest.update(text)
        self._end += self._file.write(b"%d\t%s" % (line, text))
        self._count += 1

    def flush(self) -> None:
        """Hand everything to the system, which says now if there is no room."""
        self._file.flush()

    @property
    def digest(self) -> str:
        """SHA-256 of all rows in their order, however they were written."""
        return self._digest.hexdigest()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        return self._at(index)[1]

    def place(self, index: int) -> str:
        """Where row `index` comes from, such as `rows.jsonl:7`."""
        return f"{self.name}:{self._at(index)[0]}"

    def _at(self, index: int) -> tuple[int, Row]:
        if not 0 <= index < self._count:
            raise IndexError(f"there are {self._count} rows. Received: {index}")
        number = index // BLOCK
        if self._block[0] != number:
            self._file.seek(self._offsets[number])
            size = min(BLOCK, self._count - number * BLOCK)
            lines = [self._file.readline().split(b"\t", 1) for _ in range(size)]
            self._file.seek(self._end)
            self._block = (number, [(int(line), json.loads(text)) for line, text in lines])
        return self._block[1][index % BLOCK]


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 of rows, the same however they are kept."""
    if isinstance(rows, Conditions):
        return rows.digest
    found = hashlib.sha256()
    for row in rows:
        found.update(_canonical(row))
    return found.hexdigest()


def _canonical(row: Row) -> bytes:
    return (json.dumps(dict(row), sort_keys=True) + "\n").encode()


def read_conditions(file: BinaryIO, name: str, common: Row) -> Conditions:
    """The rows of a file or pipe; what a row does not say is taken from `common`.

    Args:
        file: JSON objects, one a line; empty lines are passed over.
        name: of the file, for messages.
        common: conditions of all samples.

    Raises:
        DataError: names every wrong line, the first ten at least.
        StorageError: if there is no room for the temporary file.
    """
    problems: list[Problem] = []
    rows = Conditions(name)
    for number, line in _lines(file):
        try:
            if (own := _row(line)) is not None and not problems:
                with _room():
                    rows.append({**common, **own}, number)
        except ValueError as error:
            problems.append(Problem(str(error), source=name, line=number))
            if len(problems) == MAX_PROBLEMS:
                break
    raise_for(problems, f"{name}: lines that are no conditions", DataError)
    if not rows:
        raise DataError(f"{name}: holds no conditions")
    with _room():
        rows.flush()
    return rows


def raise_for(problems: Sequence[Problem], several: str, kind: type[GenkitError]) -> None:
    """An error of `kind` where there are problems; a single one is the whole message."""
    if len(problems) == 1:
        raise kind(str(problems[0]))
    if problems:
        more = " (more are not looked for)" if len(problems) >= MAX_PROBLEMS else ""
        raise kind(several + more, problems)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"conditions do not fit into {tempfile.gettempdir()} ({error.strerror}). Make room, "
            "or name another folder for temporary files with the environment variable TMPDIR."
        ) from None


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        yield number, line
        if len(line) == MAX_LINE_BYTES:
            return  # the row was refused; what follows would be its rest


def _row(line: bytes) -> dict[str, str] | None:
    """The row of a line, None for an empty one; ValueError says what is wrong."""
    if len(line) == MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not text:
        return None
    try:
        row = json.loads(text, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error})") from None
    except RecursionError:
        raise ValueError("not JSON (nested too deeply)") from None
    if not isinstance(row, dict):
        raise ValueError(f"a JSON object is needed. Received: {text[:100]!r}")
    return {key: _text(value) for key, value in row.items() if value is not None}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise ValueError(f"'{twice}' is given twice")
    return found


def _text(value: Any) -> str:
    """As on the command line; a list of texts is one text with commas."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)
