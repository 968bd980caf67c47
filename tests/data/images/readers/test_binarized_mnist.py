"""Larochelle's text files: every way in which they can be wrong, and the real ones."""

import gzip
import hashlib

import numpy as np
import pytest

from genkit.data.images import binarized_mnist
from genkit.data.images.binarized_mnist import read_amat
from genkit.data.reading import read_content
from genkit.errors import DataError
from tests.image_files import read, refused

FILES = ("binarized_mnist_train.amat", "binarized_mnist_valid.amat", "binarized_mnist_test.amat")


@pytest.fixture
def values() -> np.ndarray:
    return (np.arange(3 * 784).reshape(3, 784) % 5 == 0).astype(np.uint8)


def text(values: np.ndarray, end: str = "\n") -> bytes:
    return "".join(" ".join(map(str, row)) + end for row in values).encode()


@pytest.mark.parametrize("name", ["a.amat", "a.amat.gz"])
@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_values_whatever_the_line_ends(put, values, name, end) -> None:
    images = read_amat(put(name, text(values, end)), 3)
    assert images.dtype == np.uint8
    assert np.array_equal(images, values.reshape(3, 28, 28, 1))


def test_a_last_line_without_its_end_counts(put, values) -> None:
    assert np.array_equal(read_amat(put("a.amat", text(values)[:-1]), 3).reshape(3, 784), values)


def changed(content: bytes, line: int, value: int, word: bytes) -> bytes:
    rows = [row.split() for row in content.splitlines()]
    rows[line - 1][value - 1] = word
    return b"\n".join(b" ".join(row) for row in rows) + b"\n"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: changed(c, 2, 7, b"2"), "line 2, value 7: must be 0 or 1. Received: 2"),
        (lambda c: changed(c, 3, 1, b"0.5"), "line 3, value 1: must be 0 or 1. Received: 0.5"),
        (lambda c: changed(c, 1, 784, b"\xff"), "line 1, value 784: must be 0 or 1"),
        (lambda c: changed(c, 2, 1, b""), "line 2: needs 784 values. Received: 783"),
        (lambda c: changed(c, 2, 1, b"1 0"), "line 2: needs 784 values. Received: 785"),
        (lambda c: c[: 2 * 784 * 2], "needs 3 lines, an image each. Received: 2"),
        (lambda c: c + c[:1568], "needs 3 lines, an image each. Received: 4"),
        (lambda c: c[:-100], "line 3: needs 784 values. Received: 734"),
        (lambda c: b"", "needs 3 lines, an image each. Received: 0"),
        (lambda c: c * 5, "holds more than the expected 9408 bytes"),
    ],
)
def test_wrong_content(put, values, spoil, message) -> None:
    path = put("a.amat", spoil(text(values)))
    with pytest.raises(DataError) as caught:
        read_amat(path, 3)
    assert message in caught.value.message
    assert str(path) in caught.value.message


def test_a_truncated_gzip_names_the_byte(put, values) -> None:
    path = put("a.amat.gz", b"")
    path.write_bytes(gzip.compress(text(values))[:-40])
    with pytest.raises(DataError, match="truncated gzip file after byte") as caught:
        read_amat(path, 3)
    assert str(path) in caught.value.message


def test_a_gzip_that_changed_on_the_way(put, values) -> None:
    content = bytearray(gzip.compress(text(values)))
    content[-6] ^= 1  # in the checksum
    path = put("a.amat.gz", b"")
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or truncated gzip file"):
        read_amat(path, 3)


def test_a_bomb_stops_at_the_limit(put) -> None:
    path = put("a.amat.gz", b"0 " * 10_000_000)
    with pytest.raises(DataError, match="holds more than the expected 1000 bytes"):
        read_content(path, 1000)


def test_missing_files_are_all_named(put) -> None:
    put(f"binarized_mnist/{FILES[1]}", b"")
    message = refused(name="binarized_mnist")
    assert FILES[0] in message
    assert FILES[2] in message
    assert FILES[1] not in message
    assert "genkit data get binarized_mnist" in message
    assert "put the files, as published, into" in message


def test_the_splits_are_the_files(put, values, monkeypatch) -> None:
    counts = {"train": 3, "validation": 2, "test": 1}
    monkeypatch.setattr(binarized_mnist, "COUNTS", counts)
    for name, count in zip(FILES, counts.values(), strict=True):
        put(f"binarized_mnist/{name}.gz", text(values[:count]))
    found = read(name="binarized_mnist")
    assert {name: len(split) for name, split in found.splits.items()} == counts
    assert found.split("train").levels == 2
    assert found.split("train").labels is None
    assert found.notes["preprocessing"] == "fixed binarization (Larochelle and Murray, 2011)"


def test_the_real_files(real) -> None:
    real("binarized_mnist")
    found = read(name="binarized_mnist")
    sums = {name: int(split.images.sum()) for name, split in found.splits.items()}
    assert {name: split.images.shape for name, split in found.splits.items()} == {
        "train": (50_000, 28, 28, 1),
        "validation": (10_000, 28, 28, 1),
        "test": (10_000, 28, 28, 1),
    }
    assert sums == {"train": 5_118_041, "validation": 1_028_036, "test": 1_038_896}
    first = found.split("test").images[0, ..., 0]
    assert hashlib.sha256(first.tobytes()).hexdigest()[:16] == "fca7369816ad4eab"
