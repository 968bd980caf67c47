"""CIFAR-10 records and parts of them: every way in which they can be wrong, and the real ones."""

import numpy as np
import pytest

from genkit.data.images import cifar10
from genkit.data.images.cifar10 import RECORD, read_records
from genkit.errors import DataError
from genkit.run.metadata import data_facts
from tests.image_files import read, refused, section


def records(count: int, first: int = 0) -> bytes:
    """Record i: label i mod 10, red rising along the row, green down the column, blue i."""
    content = b""
    for i in range(first, first + count):
        rows, columns = np.mgrid[:32, :32]
        planes = np.stack([columns, rows, np.full((32, 32), i)]).astype(np.uint8)
        content += bytes([i % 10]) + planes.tobytes()
    return content


def test_planes_become_colours(put) -> None:
    images, labels = read_records(put("a", records(3)), 3)
    assert labels.tolist() == [0, 1, 2]
    assert images.shape == (3, 32, 32, 3)
    assert images[2, 5, 7].tolist() == [7, 5, 2]  # red along the row, green down the column


@pytest.mark.parametrize(
    ("spoil", "count", "message"),
    [
        (lambda c: c[:-1], 2, f"ends within record 1, at byte {2 * RECORD - 1}"),
        (lambda c: c[:RECORD], 2, "needs 2 records. Received: 1"),
        (lambda c: b"", None, "needs some records. Received: 0"),
        (lambda c: c[:RECORD] + b"\x0a" + c[RECORD + 1 :], 2, "record 1: its label must be 0 to 9"),
    ],
)
def test_wrong_content(put, spoil, count, message) -> None:
    path = put("a.bin", spoil(records(2)))
    with pytest.raises(DataError) as caught:
        read_records(path, count)
    assert message in caught.value.message
    assert str(path) in caught.value.message


def test_more_than_a_file_can_hold(put, monkeypatch) -> None:
    monkeypatch.setattr(cifar10, "RECORDS", 1)
    with pytest.raises(DataError, match="holds more than the expected 3073 bytes"):
        read_records(put("a.bin.gz", records(2)), None)


@pytest.fixture
def whole(put, monkeypatch):
    """All six files, of four records each."""
    monkeypatch.setattr(cifar10, "RECORDS", 4)
    for number in range(5):
        put(f"cifar10/cifar-10-batches-bin/data_batch_{number + 1}.bin", records(4, 4 * number))
    put("cifar10/cifar-10-batches-bin/test_batch.bin.gz", records(4, 20))


def test_the_last_training_images_are_for_validation(whole) -> None:
    found = read(name="cifar10", validation_count=4)
    assert found.split("train").images[:, 0, 0, 2].tolist() == list(range(16))
    assert found.split("validation").images[:, 0, 0, 2].tolist() == [16, 17, 18, 19]
    assert found.split("test").images[:, 0, 0, 2].tolist() == [20, 21, 22, 23]
    assert "part" not in found.notes


def test_a_file_of_the_official_name_must_be_whole(whole, put) -> None:
    put("cifar10/cifar-10-batches-bin/data_batch_2.bin", records(3))
    message = refused(name="cifar10")
    assert "data_batch_2.bin: needs 4 records. Received: 3" in message
    assert "says so in its name" in message


def test_a_missing_file_is_no_part(whole, root) -> None:
    (root / "cifar10" / "cifar-10-batches-bin" / "data_batch_3.bin").unlink()
    message = refused(name="cifar10")
    assert "not found:\n    data_batch_3.bin\n" in message


def test_parts_say_so(put, monkeypatch) -> None:
    put("cifar10/data_batch_1.first20.bin.gz", records(20))
    put("cifar10/test_batch.some.bin", records(2))
    found = read(name="cifar10")
    assert [len(found.split(name)) for name in ("train", "validation", "test")] == [18, 2, 2]
    assert found.notes["part"].startswith("20 of 50,000 training images")
    assert "not comparable" in found.notes["part"]
    recipe = type("Recipe", (), {"data": section(name="cifar10")})
    facts = data_facts(recipe)
    assert facts["part"] is True
    assert sorted(facts["files"]) == ["data_batch_1.first20.bin", "test_batch.some.bin"]


def test_a_part_that_is_shorter_than_its_name_says(put) -> None:
    put("cifar10/data_batch_1.first20.bin.gz", records(19))
    put("cifar10/test_batch.some.bin", records(2))
    assert "needs 20 records. Received: 19" in refused(name="cifar10")


def test_a_part_without_test_images(put) -> None:
    put("cifar10/data_batch_1.first2.bin", records(2))
    assert "test_batch.bin" in refused(name="cifar10")


@pytest.mark.parametrize(
    "name", ["cifar-10-python.tar.gz", "cifar-10-batches-py/data_batch_1", "data_batch_1"]
)
def test_the_pickled_version_is_never_read(put, name) -> None:
    put(f"cifar10/{name}", b"\x80\x02}q\x01.")
    message = refused(name="cifar10")
    assert "never read" in message
    assert "cifar-10-binary.tar.gz" in message


def test_the_real_part(real) -> None:
    real("cifar10")
    found = read(name="cifar10")
    assert [len(found.split(name)) for name in ("train", "validation", "test")] == [3600, 400, 200]
    train = found.split("train")
    assert train.labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]  # frog, truck, truck, deer
    assert train.images[0, 0, :3].tolist() == [[59, 62, 63], [43, 46, 45], [50, 48, 43]]
    assert "4,000 of 50,000" in found.notes["part"]
