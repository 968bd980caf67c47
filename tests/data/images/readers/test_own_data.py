"""Folders of pictures and npz files of one's own."""

import io

import numpy as np
import pytest
from PIL import Image

from genkit.data import stock
from genkit.data.images import blocks
from genkit.data.images.pictures import read_picture
from genkit.errors import DataError, RecipeError
from tests.image_files import npz, picture, read, refused, section

GREY = {"name": "images", "height": 4, "width": 4, "channels": 1}


def even(value: int, height: int = 4, width: int = 4) -> np.ndarray:
    return np.full((height, width), value, np.uint8)


@pytest.fixture
def folder(put):
    """Twenty grey pictures in two sub-folders; picture i is evenly i."""
    for i in range(20):
        put(f"images/{'ab'[i % 2]}/{i:02d}.png", picture(even(i)))
    put("images/notes.txt", b"")
    put("images/.hidden.png", b"")


def values(split) -> list[int]:
    return [int(v) for v in split.images[:, 0, 0, 0]]


def test_a_fixed_permutation_makes_the_splits(folder) -> None:
    found = read(**GREY)
    sizes = {name: len(split) for name, split in found.splits.items()}
    assert sizes == {"train": 16, "validation": 2, "test": 2}
    everything = [value for split in found.splits.values() for value in values(split)]
    assert sorted(everything) == list(range(20))
    assert values(read(**GREY).split("test")) == values(found.split("test"))
    assert found.notes["no pictures"] == "1 files, such as notes.txt"
    assert found.split("train").labels is None


def test_sub_folders_are_classes(folder) -> None:
    found = read(**GREY, classes=2)
    for split in found.splits.values():
        assert split.labels.tolist() == [value % 2 for value in values(split)]


def test_sub_folders_are_splits(put) -> None:
    for i, split in enumerate(("train", "train", "val", "test")):
        put(f"images/{split}/{'ab'[i % 2]}/{i}.png", picture(even(i)))
    found = read(**GREY, classes=2)
    assert {name: values(split) for name, split in found.splits.items()} == {
        "train": [0, 1],
        "validation": [2],
        "test": [3],
    }
    assert found.split("test").labels.tolist() == [1]


def test_validation_is_taken_from_training_where_it_has_no_folder(put) -> None:
    for i in range(12):
        put(f"images/{'test' if i < 2 else 'train'}/{i:02d}.png", picture(even(i)))
    found = read(**GREY)
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [9, 1, 2]


@pytest.mark.parametrize(
    ("options", "extra", "message"),
    [
        ({"classes": 3}, {}, "data.classes says 3, there are 2 sub-folders: a, b"),
        ({"classes": 2}, {"c.png": even(1)}, "in the sub-folder of its class. Received: c.png"),
        ({}, {"train/x.png": even(1), "test/y.png": even(1)}, "in none of them"),
        ({"path": "elsewhere"}, {}, "no folder 'elsewhere'"),
        ({"fit": "exact"}, {"c.png": even(1, 5, 4)}, "must be 4x4 (height x width). Received: 5x4"),
    ],
)  # fmt: skip
def test_wrong_folders(folder, put, options, extra, message) -> None:
    for name, array in extra.items():
        put(f"images/{name}", picture(array))
    assert message in refused(**{**GREY, **options})


def test_links_to_folders_are_followed(folder, root, tmp_path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.png").write_bytes(picture(even(99)))
    (root / "images" / "c").symlink_to(tmp_path / "more")
    found = read(**GREY, classes=3)
    assert 99 in [value for split in found.splits.values() for value in values(split)]


def test_links_in_a_circle(folder, root) -> None:
    (root / "images" / "a" / "again").symlink_to(root / "images")
    assert "is reached twice" in refused(**GREY)


def test_a_folder_that_cannot_be_listed(folder, monkeypatch) -> None:
    def walk(root, onerror, followlinks):
        onerror(PermissionError(13, "Permission denied", f"{root}/a"))

    monkeypatch.setattr("genkit.data.walking.os.walk", walk)
    assert "/a: cannot be read (Permission denied)" in refused(**GREY)


def test_no_pictures(put) -> None:
    put("images/readme.txt", b"")
    assert "no pictures in this folder" in refused(**GREY)


def test_too_few_pictures(put) -> None:
    put("images/1.png", picture(even(1)))
    put("images/2.png", picture(even(1)))
    assert "2 images are too few for 3 splits" in refused(**GREY)


def test_a_damaged_picture_stops_everything(folder, put) -> None:
    path = put("images/a/02.png", picture(even(2))[:50])
    assert f"{path}: not a readable picture" in refused(**GREY)


def test_a_path_from_the_working_directory(tmp_path, root) -> None:
    (tmp_path / "mine").mkdir()
    for i in range(3):
        (tmp_path / "mine" / f"{i}.png").write_bytes(picture(even(i)))
    assert len(read(**{**GREY, "path": "mine"}).split("train")) == 1


def test_prepared_pictures_are_the_same(folder, monkeypatch) -> None:
    plain = read(**GREY, classes=2)
    stock.prepare(section(**GREY, classes=2))
    monkeypatch.setattr(blocks, "IN_MEMORY", 0)
    mapped = read(**GREY, classes=2)
    for name, split in plain.splits.items():
        assert np.array_equal(split.images, mapped.split(name).images)
        assert np.array_equal(split.labels, mapped.split(name).labels)


def colours() -> np.ndarray:
    rows, columns = np.mgrid[:6, :8]
    return np.stack([rows * 40, columns * 30, rows * 0 + 7], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "WEBP"])
def test_formats_without_loss(kind) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    content = picture(colours(), kind, **options)
    assert np.array_equal(read_picture(content, "x", (6, 8, 3)), colours())


def test_jpeg_and_gif() -> None:
    for kind in ("JPEG", "GIF"):
        found = read_picture(picture(even(100, 8, 8), kind), "x", (8, 8, 1))
        assert np.abs(found.astype(int) - 100).max() <= 1


def test_cropping_keeps_the_middle() -> None:
    wide = np.tile(np.arange(8, dtype=np.uint8) * 10, (4, 1))
    found = read_picture(picture(wide), "x", (4, 4, 1), "crop")
    assert found[0, :, 0].tolist() == [20, 30, 40, 50]
    stretched = read_picture(picture(wide), "x", (4, 4, 1), "stretch")
    assert stretched[0, :, 0].tolist() == [5, 25, 45, 65]


def test_sixteen_bits_become_eight() -> None:
    deep = np.array([[0, 257, 65535]], np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(deep).save(buffer, "PNG")
    assert read_picture(buffer.getvalue(), "x", (1, 3, 1))[0, :, 0].tolist() == [0, 1, 255]


def test_transparent_becomes_white() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    clear[0, 0] = (10, 20, 30, 255)
    found = read_picture(picture(clear), "x", (2, 2, 3))
    assert found[0, 0].tolist() == [10, 20, 30]
    assert found[1, 1].tolist() == [255, 255, 255]


def test_pictures_lie_as_the_camera_was_held() -> None:
    image = Image.fromarray(np.array([[10, 200]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    assert read_picture(buffer.getvalue(), "x", (2, 1, 1))[:, 0, 0].tolist() == [10, 200]


def refused_or_whole(content: bytes) -> bool:
    """Whether a picture is refused; True too where what is damaged holds no pixel."""
    try:
        found = read_picture(content, "x", (6, 8, 3))
    except DataError as error:
        return "not a readable picture" in error.message or "too many" in error.message
    return np.array_equal(found, colours())


@pytest.mark.parametrize("kind", ["PNG", "PPM", "BMP", "TGA", "TIFF"])
def test_no_half_picture(kind) -> None:
    content = picture(colours(), kind)
    assert all(refused_or_whole(content[:length]) for length in range(len(content)))
    with pytest.raises(DataError):
        read_picture(content[: len(content) * 3 // 4], "x", (6, 8, 3))


def test_no_half_jpeg() -> None:
    content = picture(np.arange(64 * 64, dtype=np.uint32).reshape(64, 64).astype(np.uint8), "JPEG")
    for length in range(0, len(content) - 2, 50):
        with pytest.raises(DataError):
            read_picture(content[:length], "x", (64, 64, 1))


def test_no_damaged_png() -> None:
    content = picture(colours())
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x10
        assert refused_or_whole(bytes(changed)), place


def test_no_other_program_is_started() -> None:
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EOF\n"
    with pytest.raises(DataError, match="not a readable picture"):
        read_picture(content, "x.png", (4, 4, 1))


def test_too_many_pixels() -> None:
    with pytest.raises(DataError, match="too many"):
        read_picture(b"P5 20000 20000 255\n", "x.pgm", (4, 4, 1))


NPZ = {"name": "npz", "height": 2, "width": 3, "channels": 1}


def images(count: int = 20) -> np.ndarray:
    return np.arange(count * 6).reshape(count, 2, 3).astype(np.uint8)


def test_one_array_is_split_by_a_fixed_permutation(put) -> None:
    put("images.npz", npz(images=images(), labels=np.arange(20) % 3))
    found = read(**NPZ, classes=3)
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [16, 2, 2]
    for split in found.splits.values():
        assert split.labels.tolist() == [int(v) // 6 % 3 for v in split.images[:, 0, 0, 0]]


def test_arrays_of_splits(put) -> None:
    whole = images()[..., None]
    put("images.npz", npz(train_images=whole[:15], validation_images=whole[15:17],
                          test_images=whole[17:]))  # fmt: skip
    found = read(**NPZ)
    assert np.array_equal(found.split("test").images, whole[17:])
    put("images.npz", npz(train_images=whole[:15], test_images=whole[17:]))
    assert [len(read(**NPZ).split(n)) for n in ("train", "validation")] == [14, 1]


def test_fewer_values(put) -> None:
    put("images.npz", npz(images=images() % 7))
    assert read(**NPZ, values=7).split("train").levels == 7


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"pictures": images()}, {}, "needs an array images, or train_images and test_images"),
        ({"train_images": images()}, {}, "needs an array images"),
        ({"images": images().reshape(20, 3, 2)}, {}, "shape (count, 2, 3, 1)"),
        ({"images": images() / 255}, {}, "must be whole numbers"),
        ({"images": images()}, {"values": 119}, "at (19, 1, 2): values must be 0 to 118"),
        ({"images": images().astype(int) - 1}, {}, "(0, 0, 0): values must be 0 to 255"),
        ({"images": images()}, {"classes": 2}, "has no array 'labels'"),
        ({"images": images(), "labels": np.arange(20)}, {"classes": 19}, "at 19: must be 0 to 18"),
        ({"images": images(), "labels": np.arange(19)}, {"classes": 20}, "of shape (20,)"),
        ({"images": np.array([[[None] * 3] * 2] * 20)}, {}, "pickled and never read"),
        ({"images": images()[:2]}, {}, "2 images are too few"),
        ({"images": images()[:0]}, {}, "0 images are too few"),
    ],
)  # fmt: skip
def test_wrong_npz(put, arrays, options, message) -> None:
    put("images.npz", npz(**arrays))
    assert message in refused(**NPZ, **options)


@pytest.mark.parametrize("content", [b"", b"no zip", npz(images=images())[:-40]])
def test_damaged_npz(put, content) -> None:
    put("images.npz", content)
    assert "damaged or truncated" in refused(**NPZ)


def test_no_npz(root) -> None:
    assert "no file 'images.npz'" in refused(**NPZ)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "npz", "values": 7, "levels": 4}, "for files of 256 values"),
        ({"name": "npz", "validation_share": 0.6, "test_share": 0.5}, "leave nothing for training"),
        ({"name": "mnist", "binarization": "threshold", "levels": 4}, "leave levels away"),
        ({"name": "mnist", "levels": 5}, "levels"),
    ],
)
def test_wrong_sections(values, message) -> None:
    with pytest.raises(RecipeError, match=message):
        section(**values)
