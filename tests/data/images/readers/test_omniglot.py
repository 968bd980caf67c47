"""Omniglot archives: every way in which they can be wrong, and a real one."""

import numpy as np
import pytest

from genkit.data.images import omniglot
from genkit.data.images.config import OmniglotConfig
from tests.image_files import picture, read, refused, zipped

NAME = "omniglot/images_background_small1.zip"
TOP = "images_background_small1"


def drawing(*inked: int) -> bytes:
    """White paper with ink, 0, in some rows."""
    paper = np.ones((105, 105), bool)
    paper[list(inked)] = False
    return picture(paper)


def members(characters: int = 2) -> dict[str, bytes]:
    """Drawing d of each character has ink in row 5 d."""
    found = {f"{TOP}/Latin/": b"", "__MACOSX/x.png": b"", f"{TOP}/.DS_Store": b""}
    for character in range(1, characters + 1):
        for drawer in range(1, 21):
            name = f"{TOP}/Latin/character{character:02d}/{character:04d}_{drawer:02d}.png"
            found[name] = drawing(5 * drawer, 5 * drawer - 1)
    return found


@pytest.fixture
def two(monkeypatch):
    """Two characters are enough."""
    monkeypatch.setattr(OmniglotConfig, "class_count", lambda self: 2)


def load(**options):
    return read(name="omniglot", part="background_small1", **options)


def test_people_make_the_splits(put, two) -> None:
    put(NAME, zipped(members()))
    found = load(size=105, binarization="none", levels=2)
    assert [len(found.split(name)) for name in ("train", "validation", "test")] == [32, 4, 4]
    assert found.split("test").labels.tolist() == [0, 0, 1, 1]
    ink = [np.flatnonzero(image[:, 0, 0]).tolist() for image in found.split("test").images]
    assert ink == [[94, 95], [99, 100], [94, 95], [99, 100]]
    assert found.split("test").levels == 2


def test_averages_over_areas(put, two) -> None:
    put(NAME, zipped(members()))
    found = load(size=21, binarization="none")
    column = found.split("train").images[0, :, 0, 0]  # rows 4 and 5 of 5 are inked
    assert column[:3].tolist() == [51, 51, 0]
    assert "105x105 averaged to 21x21" in found.notes["preprocessing"]
    inked = load(size=21, threshold=0.15).split("train").images[0, :, 0, 0]
    assert inked[:3].tolist() == [1, 1, 0]


ONE = f"{TOP}/Latin/character01"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: m.pop(f"{ONE}/0001_07.png"), "Latin/character01 has no drawing 7"),
        (lambda m: m.update(members(3)), "needs 2 characters. Received: 3"),
        (lambda m: m.update({f"{ONE}/0009_07.png": b""}), "drawing 7 is there twice"),
        (lambda m: m.update({f"{ONE}/0001_07.png": b"x"}), "not a readable picture"),
        (lambda m: m.update({f"{ONE}/0001_07.png": drawing(1)[:80]}),
         "0001_07.png: not a readable picture"),
        (lambda m: m.update({f"{ONE}/0001_07.png": picture(np.ones((105, 9), bool))}),
         "must be 105x105 (height x width). Received: 105x9"),
        (lambda m: m.update({f"{ONE}/0001_07.png": bytes(70_000)}),
         "has 70000 bytes; the limit is 65536"),
        (lambda m: m.update({"../outside.png": b""}), "'../outside.png' would leave its folder"),
    ],
)  # fmt: skip
def test_wrong_archives(put, two, spoil, message) -> None:
    content = members()
    spoil(content)
    path = put(NAME, zipped(content))
    said = refused(name="omniglot", part="background_small1")
    assert message in said
    assert str(path) in said


@pytest.mark.parametrize("content", [b"", b"no zip", zipped(members())[:-50]])
def test_damaged_archives(put, two, content) -> None:
    put(NAME, content)
    message = refused(name="omniglot", part="background_small1")
    assert "damaged or truncated zip archive" in message


def test_another_part_is_named(put) -> None:
    put(NAME, b"")
    message = refused(name="omniglot")
    assert "images_background.zip" in message
    assert "There is data.part=background_small1" in message


def test_the_parts_that_are_looked_for_are_those_of_the_section() -> None:
    parts = OmniglotConfig.model_fields["part"].annotation.__args__
    assert parts == omniglot.PARTS


def test_the_real_archive(real) -> None:
    real("omniglot")
    found = load(size=105, binarization="none", levels=2)
    assert [len(found.split(n)) for n in ("train", "validation", "test")] == [2176, 272, 272]
    assert np.bincount(found.split("train").labels).tolist() == [16] * 136
    assert 0.05 < found.split("train").images.mean() < 0.1  # ink is bright and rare
