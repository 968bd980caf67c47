"""Conditions of many samples, from a file or a pipe."""

from __future__ import annotations

import errno
import io
import json
import os
from typing import Any

import pytest

from genkit.errors import DataError, StorageError
from genkit.sampling import conditions
from genkit.sampling.conditions import Conditions, digest, read_conditions


def read(text: str | bytes, **common: str) -> Conditions:
    data = text.encode() if isinstance(text, str) else text
    return read_conditions(io.BytesIO(data), "rows.jsonl", common)


def wrong(text: str | bytes) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_rows_are_found_again_in_any_order() -> None:
    count = 3 * conditions.BLOCK + 5
    rows = read("".join(json.dumps({"class": i, "name": f"n{i}"}) + "\n" for i in range(count)))
    assert len(rows) == count
    for i in (0, count - 1, conditions.BLOCK, conditions.BLOCK - 1, 700, 3, 3):
        assert rows[i] == {"class": str(i), "name": f"n{i}"}
    assert [row["class"] for row in rows] == [str(i) for i in range(count)]
    assert [row["class"] for row in rows[5:8]] == ["5", "6", "7"]
    for outside in (-1, count):
        with pytest.raises(IndexError):
            rows[outside]


def test_what_a_row_leaves_out_is_taken_from_all() -> None:
    rows = read(
        '\ufeff{"class": 1}\n\n  \n{"name": "ü", "of": [1, 2.5], "on": true}', **{"class": "7"}
    )
    assert list(rows) == [
        {"class": "1"},
        {"class": "7", "name": "ü", "of": "[1, 2.5]", "on": "true"},
    ]
    assert [rows.place(0), rows.place(1)] == ["rows.jsonl:1", "rows.jsonl:4"]


def test_the_digest_is_that_of_the_rows_and_not_of_their_spelling() -> None:
    one = read('{"a": 1, "b": "2"}\n{}\n')
    assert one.digest == read('\n{"b": 2, "a": "1"}\n{}').digest
    assert one.digest == digest([{"a": "1", "b": "2"}, {}])
    others = [read('{}\n{"a": 1, "b": 2}\n'), read('{"a": 1, "b": 2}\n'), read('{"a": 1}\n{}\n')]
    assert len({one.digest, *(other.digest for other in others)}) == 4


def test_a_wrong_line_is_named() -> None:
    assert wrong('{"class": 1}\nclass 2\n') == [
        "rows.jsonl:2: not JSON (Expecting value: line 1 column 1 (char 0))"
    ]
    assert wrong("[2]\n") == ["rows.jsonl:1: a JSON object is needed. Received: '[2]'"]
    assert wrong('{"a": 1, "a": 2}\n') == ["rows.jsonl:1: 'a' is given twice"]
    assert wrong(b'{}\n{"a": "\xff"}\n') == ["rows.jsonl:2: not UTF-8"]
    assert wrong("[" * 100_000) == ["rows.jsonl:1: not JSON (nested too deeply)"]
    assert wrong(" \n\n") == ["rows.jsonl: holds no conditions"]


def test_all_wrong_lines_are_named_up_to_a_limit() -> None:
    assert wrong("{}\nx\n{}\n[]\n") == [
        "rows.jsonl: lines that are no conditions",
        "  rows.jsonl:2: not JSON (Expecting value: line 1 column 1 (char 0))",
        "  rows.jsonl:4: a JSON object is needed. Received: '[]'",
    ]
    lines = wrong("x\n" * 1000)
    assert lines[0] == "rows.jsonl: lines that are no conditions (more are not looked for)"
    assert len(lines) == 1 + conditions.MAX_PROBLEMS


def test_a_line_without_end_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "MAX_LINE_BYTES", 100)
    assert wrong('{"a": "' + "x" * 1000) == ["rows.jsonl:1: longer than 100 bytes"]


def test_no_room_for_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(conditions.tempfile, "TemporaryFile", Full)
    with pytest.raises(StorageError, match=r"\(No space left on device\).*TMPDIR"):
        read("{}\n{}\n")


def test_a_pipe_is_read_once() -> None:
    """As a pipe is: it cannot be asked where it is, nor turned back."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as source:
        source.write(b'{"class": 3}\n{"class": 4}\n')
    with os.fdopen(reading, "rb") as pipe:
        rows = read_conditions(pipe, "<stdin>", {})
    assert [row["class"] for row in rows] == ["3", "4"]
