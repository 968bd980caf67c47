"""ORL portraits: binary PGM files, 40 people x 10."""

import numpy as np
import pytest

from tests.image_files import picture, read, refused


@pytest.fixture
def faces(put):
    """Portrait i of person p is evenly grey, p + i."""
    for person in range(1, 41):
        for portrait in range(1, 11):
            grey = np.full((112, 92), person + portrait, np.uint8)
            put(f"orl_faces/s{person}/{portrait}.pgm", picture(grey, "PPM"))


def test_portraits_make_the_splits(faces) -> None:
    found = read(name="orl_faces")
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [280, 40, 80]
    test = found.split("test")
    assert test.images.shape == (80, 112, 92, 1)
    assert test.labels[:4].tolist() == [0, 0, 1, 1]
    assert test.images[:4, 0, 0, 0].tolist() == [10, 11, 11, 12]


def test_resized(faces) -> None:
    found = read(name="orl_faces", height=32, width=32, fit="crop")
    assert found.split("train").images.shape == (280, 32, 32, 1)
    assert found.notes["preprocessing"].startswith("32x32 grey, resized (crop, box)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (picture(np.zeros((112, 92), np.uint8), "PPM")[:-5], "not a readable picture"),
        (picture(np.zeros((112, 90), np.uint8), "PPM"), "(height x width). Received: 112x90"),
        (b"P5 92 112 255\n", "not a readable picture"),
        (b"P5 92 banana 255\n", "not a readable picture"),
        (b"P5 9999999 9999999 255\n", "too many"),
        (b"", "not a readable picture"),
    ],
)  # fmt: skip
def test_wrong_portraits(faces, put, content, message) -> None:
    path = put("orl_faces/s7/3.pgm", content)
    said = refused(name="orl_faces")
    assert message in said
    assert str(path) in said


def test_missing_portraits(faces, root) -> None:
    (root / "orl_faces" / "s40" / "10.pgm").unlink()
    (root / "orl_faces" / "s1" / "1.pgm").unlink()
    assert "not found:\n    s1/1.pgm\n    s40/10.pgm\n" in refused(name="orl_faces")


def test_the_real_faces(real) -> None:
    folder = real("orl_faces")
    found = read(name="orl_faces")
    content = (folder / "s1" / "9.pgm").read_bytes()
    expected = np.frombuffer(content[-112 * 92 :], np.uint8).reshape(112, 92)
    assert np.array_equal(found.split("test").images[0, ..., 0], expected)
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [280, 40, 80]
