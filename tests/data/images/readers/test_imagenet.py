"""Downsampled ImageNet in hand-made batches: in memory, and prepared."""

import io
import zipfile

import numpy as np
import pytest

from genkit.data import stock
from genkit.data.images import blocks, imagenet
from genkit.data.images.dataset import ImageFeed
from genkit.data.images.preprocessing import LazyImages
from tests.image_files import npz, read, refused, section

VALUES = 3 * 32 * 32


def batch(first: int, count: int) -> dict[str, np.ndarray]:
    """Image i: red i, green the row, blue the column."""
    rows, columns = np.mgrid[:32, :32]
    planes = [np.stack([np.full((32, 32), i), rows, columns]) for i in range(first, first + count)]
    return {
        "data": np.array(planes, np.uint8).reshape(count, VALUES),
        "labels": np.arange(first, first + count) % 1000 + 1,
    }


@pytest.fixture
def small(put, monkeypatch):
    monkeypatch.setattr(imagenet, "COUNTS", {"train": 23, "test": 3})
    monkeypatch.setattr(imagenet, "TRAIN", ("train_data_batch_1.npz", "train_data_batch_2.npz"))
    put("imagenet32/train_data_batch_1.npz", npz(**batch(0, 13), mean=np.zeros(VALUES)))
    put("imagenet32/train_data_batch_2.npz", npz(**batch(13, 10)))
    put("imagenet32/Imagenet32_val_npz/val_data.npz", npz(**batch(23, 3)))


def test_splits_labels_and_colours(small) -> None:
    found = read(name="imagenet32", validation_count=4)
    assert found.split("train").images[:, 0, 0, 0].tolist() == list(range(19))
    assert found.split("validation").images[:, 0, 0, 0].tolist() == [19, 20, 21, 22]
    assert found.split("test").images[1, 5, 7].tolist() == [24, 5, 7]
    assert found.split("test").labels.tolist() == [23, 24, 25]
    assert "published validation images" in found.notes["test"]


def test_prepared_images_are_mapped_and_the_same(small, root) -> None:
    plain = read(name="imagenet32", validation_count=4, flips=True)
    folder = stock.prepare(section(name="imagenet32", validation_count=4))
    assert folder is not None
    assert folder.parent == root / "prepared"
    mapped = read(name="imagenet32", validation_count=4, flips=True)
    for name in ("train", "validation", "test"):
        assert isinstance(mapped.split(name).images, np.memmap)
        assert np.array_equal(mapped.split(name).images, plain.split(name).images)
        assert np.array_equal(mapped.split(name).labels, plain.split(name).labels)
    feeds = [ImageFeed(found.split("train"), 8, 3) for found in (plain, mapped)]
    for k in range(4):
        first, second = (feed.batch(k) for feed in feeds)
        assert np.array_equal(first["image"], second["image"])
        assert type(second["image"]) is np.ndarray


@pytest.mark.parametrize("options", [{"levels": 8}, {"binarization": "stochastic"}])
def test_one_preparation_serves_every_preprocessing(small, options) -> None:
    plain = read(name="imagenet32", validation_count=4, **options)
    stock.prepare(section(name="imagenet32", validation_count=4))
    mapped = read(name="imagenet32", validation_count=4, **options)
    assert isinstance(mapped.split("test").images, LazyImages)
    assert np.array_equal(np.asarray(mapped.split("test").images), plain.split("test").images)
    index = np.array([3, 1])
    assert np.array_equal(mapped.split("train").images[index], plain.split("train").images[index])


def test_what_does_not_fit_has_to_be_prepared(small, monkeypatch) -> None:
    monkeypatch.setattr(blocks, "IN_MEMORY", 1000)
    message = refused(name="imagenet32", validation_count=4)
    assert "genkit data prepare" in message
    stock.prepare(section(name="imagenet32", validation_count=4))
    assert len(read(name="imagenet32", validation_count=4).split("train")) == 19


def test_other_files_are_prepared_anew(small, put) -> None:
    first = stock.prepare(section(name="imagenet32"))
    assert stock.prepare(section(name="imagenet32")) == first
    put("imagenet32/train_data_batch_2.npz", npz(**batch(100, 10)))
    assert stock.prepare(section(name="imagenet32")) != first


def test_preparing_that_was_stopped_counts_for_nothing(small, monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(blocks, "write_json", fail)
        with pytest.raises(KeyboardInterrupt):
            stock.prepare(section(name="imagenet32"))
    assert blocks.folder(section(name="imagenet32")) is None
    assert stock.prepare(section(name="imagenet32")) is not None


def test_damaged_preparation(small) -> None:
    folder = stock.prepare(section(name="imagenet32", validation_count=4))
    assert folder is not None
    path = folder / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-100])
    assert "what was prepared there is damaged" in refused(name="imagenet32", validation_count=4)


def wrong(**changes: np.ndarray) -> bytes:
    arrays = {**batch(13, 10), **changes}
    return npz(**{name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wrong(data=batch(13, 9)["data"]), "labels must be whole numbers of shape (9,)"),
        (npz(**batch(13, 9)), "needs 23 images. Received: 22"),
        (wrong(labels=None), "has no array 'labels'. It has: data"),
        (wrong(data=None), "has no array 'data'"),
        (wrong(data=np.zeros((10, 100), np.uint8)), "data must be uint8 of shape (n, 3072)"),
        (wrong(data=np.zeros((10, VALUES), np.float32)), "Received: float32 (10, 3072)"),
        (wrong(labels=np.arange(10)), "label 0: must be 1 to 1000. Received: 0"),
        (wrong(labels=np.arange(992, 1002)), "label 9: must be 1 to 1000. Received: 1001"),
        (wrong(labels=np.array(list("abcdefghij"))), "labels must be whole numbers"),
        (wrong(labels=np.array([None] * 10)), "holds objects, which are pickled and never read"),
        (b"no zip", "damaged or truncated zip archive"),
        (npz(**batch(13, 10))[:-30], "damaged or truncated zip archive"),
        (b"", "damaged or truncated zip archive"),
    ],
)
def test_wrong_batches(small, put, content, message) -> None:
    path = put("imagenet32/train_data_batch_2.npz", content)
    said = refused(name="imagenet32", validation_count=4)
    assert message in said
    assert path.name in said


def header(shape: tuple[int, ...], order: str = "False") -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': {order}, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (header((10**12, VALUES)), "its header says"),
        (header((10, VALUES)) + bytes(10), "its header says"),
        (header((10, VALUES), "True") + bytes(10 * VALUES), "stored by columns"),
        (header(()) + b"0", "is a single value"),
        (b"\x93NUMPY\x01\x00", "not an array"),
        (b"what", "not an array"),
        (b"", "not an array"),
    ],
)
def test_headers_that_lie(small, put, member, message) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.npy", member)
        archive.writestr("labels.npy", header((10,)) + bytes(10))
    put("imagenet32/train_data_batch_2.npz", buffer.getvalue())
    assert message in refused(name="imagenet32", validation_count=4)


def test_archives_are_unpacked(put, root, monkeypatch) -> None:
    names = ("train_data_batch_1.npz", "train_data_batch_2.npz")
    monkeypatch.setattr(imagenet, "COUNTS", {"train": 23, "test": 3})
    contents = {names[0]: npz(**batch(0, 13)), names[1]: npz(**batch(13, 10))}
    for number in range(3, 11):
        contents[f"train_data_batch_{number}.npz"] = npz(**batch(0, 0))
    for part, members in (("train", contents), ("val", {"val_data.npz": npz(**batch(23, 3))})):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        put(f"imagenet32/Imagenet32_{part}_npz.zip", buffer.getvalue())
    stock.prepare(section(name="imagenet32", validation_count=4))
    assert (root / "imagenet32" / names[0]).read_bytes() == contents[names[0]]
    assert len(read(name="imagenet32", validation_count=4).split("train")) == 19
