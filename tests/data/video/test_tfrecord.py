"""TFRecords and the examples in them, written byte by byte, whole and damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from genkit.data.video import tfrecord
from genkit.data.video.tfrecord import Example, count_records, read_records
from genkit.errors import DataError
from tests.video_files import crc32c, example, field, masked, record

CONTENTS = [b"one", b"", b"three" * 6]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.tfrecord"
    found.write_bytes(b"".join(record(content) for content in CONTENTS))
    return found


def why(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_records(path))
    return caught.value.message


def test_the_checksum() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of RFC 3720
    for content in (b"", b"123456789", bytes(range(256))):
        assert tfrecord.masked(content) == int.from_bytes(masked(content), "little")


@pytest.mark.parametrize("packed", [False, True])
def test_records(path: Path, packed: bool) -> None:
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_records(path)) == CONTENTS
    assert count_records(path) == 3


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    assert list(read_records(tmp_path / "b")) == []


def test_damage_is_found_wherever_it_is(path: Path) -> None:
    whole = path.read_bytes()
    starts = np.cumsum([0, *(len(content) + 16 for content in CONTENTS)])
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        number = int(np.searchsorted(starts, place, side="right")) - 1
        message = why(path)
        assert message.startswith(f"{path}, record {number}: ")
        assert "damaged" in message


def test_truncation_is_found_wherever_it_is(path: Path) -> None:
    whole = path.read_bytes()
    ends = {sum(len(c) + 16 for c in CONTENTS[:n]) for n in range(4)}
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        if length in ends:
            assert len(list(read_records(path))) < 3  # nothing in the file tells
        else:
            assert "truncated: " in why(path)


def test_a_gzip_that_is_truncated(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes())[:-9])
    assert f"{path}, record " in why(path)


def test_a_length_that_cannot_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfrecord, "MAX_RECORD", 20)
    assert "record 2: has 30 bytes; the limit is 20" in why(path)


# Examples


@pytest.mark.parametrize("packed", [False, True])
def test_features(packed: bool) -> None:
    data = example({"a/image": b"\0\xff", "b": [1.5, -2.0], "none": []}, packed)
    found = Example(data, "name")
    assert "b" in found
    assert "c" not in found
    assert found.image("a/image") == b"\0\xff"
    np.testing.assert_array_equal(found.numbers("b", 2), np.array([1.5, -2.0], np.float32))
    assert found.numbers("none", 0).shape == (0,)


def test_what_is_not_known_is_passed_over() -> None:
    data = field(7, b"something new") + example({"b": [1.0]})
    assert Example(data, "name").numbers("b", 1).tolist() == [1.0]


@pytest.mark.parametrize(
    ("key", "count", "message"),
    [
        ("c", 1, "name: has no 'c'"),
        ("b", 3, "name: 'b' needs 3 numbers. Received: 2"),
        ("a", 1, "name: 'a' must be a float_list. Received: bytes_list"),
        ("nan", 2, "name: 'nan' must be finite. Received: [0.0, nan]"),
        ("endless", 1, "name: 'endless' must be finite. Received: [inf]"),
    ],
)
def test_numbers_that_are_wrong(key: str, count: int, message: str) -> None:
    values = {"a": b"x", "b": [1.0, 2.0], "nan": [0.0, np.nan], "endless": [np.inf]}
    found = Example(example(values), "name")
    with pytest.raises(DataError) as caught:
        found.numbers(key, count)
    assert caught.value.message == message
    assert key != "c" or "c" not in found  # asking does not make it


def test_an_image_that_is_wrong() -> None:
    found = Example(example({"b": [1.0]}), "name")
    with pytest.raises(DataError, match=r"'b' must be a bytes_list\. Received: float_list"):
        found.image("b")


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05abc", example({"b": [1.0]})[:-1]])
def test_no_example(data: bytes) -> None:
    with pytest.raises(DataError, match=r"name: not a tf\.train\.Example"):
        Example(data, "name")


def test_what_tensorflow_writes(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    feature = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"\1\2"])),
        "state": tf.train.Feature(float_list=tf.train.FloatList(value=[0.1, 2.5])),
    }
    written = tf.train.Example(features=tf.train.Features(feature=feature))
    for kind in ("", "GZIP"):
        path = str(tmp_path / f"records{kind}")
        with tf.io.TFRecordWriter(path, tf.io.TFRecordOptions(compression_type=kind)) as writer:
            for _ in range(3):
                writer.write(written.SerializeToString())
        records = list(read_records(Path(path)))
        assert len(records) == 3
        found = Example(records[2], "name")
        assert found.image("image") == b"\1\2"
        np.testing.assert_allclose(found.numbers("state", 2), [0.1, 2.5])
