"""Images that appear as they are drawn, and completions between what was given and the original."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import SAMPLE_KINDS, Animated, Audio, Given, Images, Parts, pictures
from genkit.artifacts.pictures import LINE, UNDRAWN, animation, completing, completions

HEIGHT, WIDTH = 3, 4


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is enlarged: a pixel of the picture is a pixel of an image."""
    monkeypatch.setattr(pictures, "GRID_PIXELS", 1)


def batch(count: int, levels: int = 4, channels: int = 1, seed: int = 0) -> np.ndarray:
    """No two images alike."""
    shape = (count, HEIGHT, WIDTH, channels)
    return np.random.default_rng(seed).integers(0, levels, shape).astype(np.uint8)


def frames(data: bytes) -> list[np.ndarray]:
    """Each frame as a viewer shows it, `(rows, columns, 3)`."""
    with Image.open(io.BytesIO(data)) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
        return found


def colours(images: np.ndarray, levels: int) -> np.ndarray:
    return np.repeat(np.round(images * 255.0 / (levels - 1)), 3 // images.shape[-1], axis=-1)


def cell(picture: np.ndarray, number: int, columns: int) -> np.ndarray:
    """One image of a grid."""
    top, left = 1 + (HEIGHT + 1) * (number // columns), 1 + (WIDTH + 1) * (number % columns)
    return picture[top : top + HEIGHT, left : left + WIDTH]


def lines(picture: np.ndarray) -> np.ndarray:
    """The pixels between the images."""
    own = np.ones(picture.shape[:2], bool)
    for row in range(1, HEIGHT + 1):
        for column in range(1, WIDTH + 1):
            own[row :: HEIGHT + 1, column :: WIDTH + 1] = False
    return picture[own]


@pytest.mark.parametrize(("levels", "channels"), [(2, 1), (5, 1), (256, 1), (2, 3), (4, 3)])
@pytest.mark.parametrize("count", [1, 4, 5])
def test_pixels_appear_in_the_order_in_which_they_are_drawn(
    count: int, levels: int, channels: int
) -> None:
    images = batch(count, levels, channels)
    found = frames(animation(images, levels))
    assert len(found) == HEIGHT * WIDTH + 1
    columns = int(np.ceil(np.sqrt(count)))
    for drawn, picture in enumerate(found):
        assert (lines(picture) == LINE).all()
        for number in range(count):
            wanted = colours(images, levels)[number]
            wanted.reshape(-1, 3)[drawn:] = UNDRAWN
            np.testing.assert_array_equal(cell(picture, number, columns), wanted)


def test_a_frame_shows_several_pixels_of_a_large_image() -> None:
    images = np.random.default_rng(0).integers(0, 2, (2, 10, 13, 1)).astype(np.uint8)
    found = frames(animation(images, 2))
    assert len(found) == pictures.STEPS + 1
    left = [int((picture == UNDRAWN).all(axis=-1).sum()) for picture in found]
    assert (left[0], left[-1]) == (2 * 130, 0)
    steps = -np.diff(left) / 2
    assert set(steps) == {2, 3}


def test_it_is_shown_again_and_again_and_rests_at_the_end() -> None:
    with Image.open(io.BytesIO(animation(batch(3), 4))) as film:
        assert film.format == "GIF"
        assert film.info["loop"] == 0
        times = []
        for number in range(film.n_frames):
            film.seek(number)
            times.append(film.info["duration"])
    assert times == [80] * (HEIGHT * WIDTH) + [2000]


def test_what_is_not_drawn_is_told_from_every_grey() -> None:
    assert len(set(UNDRAWN)) > 1
    assert min(UNDRAWN) > 0
    assert max(UNDRAWN) < 255


def test_given_pixels_are_seen_from_the_beginning_and_take_no_time() -> None:
    images, mask = batch(2, 3), np.zeros((2, HEIGHT, WIDTH, 1), np.uint8)
    mask[:, 0] = 1
    mask[1, 1, 2] = 1  # of one image only
    found = frames(animation(images, 3, mask))
    assert len(found) == 2 * WIDTH + 1
    given = mask[..., 0].astype(bool)
    for drawn, picture in enumerate(found):
        for number in range(2):
            wanted = colours(images, 3)[number]
            seen = given[number].copy()
            seen.reshape(-1)[: WIDTH + drawn] = True
            wanted[~seen] = UNDRAWN
            np.testing.assert_array_equal(cell(picture, number, 2), wanted)


def test_single_colours_may_be_given() -> None:
    images, mask = batch(1, 4, 3), np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    mask[..., 1] = 1
    found = frames(animation(images, 4, mask))
    assert len(found) == HEIGHT * WIDTH + 1
    first = cell(found[0], 0, 1)
    np.testing.assert_array_equal(first[..., 1], colours(images, 4)[0, ..., 1])
    assert (first[..., 0] == UNDRAWN[0]).all()
    assert (first[..., 2] == UNDRAWN[2]).all()
    np.testing.assert_array_equal(cell(found[-1], 0, 1), colours(images, 4)[0])


def test_where_all_is_given_there_is_one_frame() -> None:
    images = batch(3)
    (only,) = frames(animation(images, 4, np.ones_like(images)))
    np.testing.assert_array_equal(cell(only, 2, 2), colours(images, 4)[2])


@pytest.mark.parametrize(("own", "exact"), [(254, True), (255, False)])
def test_more_colours_than_a_gif_has_are_brought_together(own: int, exact: bool) -> None:
    """Greys differ by no more than one step; lines and what is not drawn stay what they are."""
    greys = np.delete(np.arange(256), LINE)[: own - 1]  # `UNDRAWN` is a colour as well
    images = np.resize(greys, (1, 16, 16, 1)).astype(np.uint8)
    found = frames(animation(images, 256))
    last = found[-1][1:-1, 1:-1].astype(int)
    off = int(np.abs(last - images[0]).max())
    assert off == 0 if exact else off == 1
    assert all((picture[0] == LINE).all() for picture in found)
    assert (found[0][1:-1, 1:-1] == UNDRAWN).all()


def test_no_pixel_changes_once_it_is_drawn() -> None:
    """Even where colours had to be brought together."""
    images = np.random.default_rng(1).integers(0, 256, (4, 9, 9, 3)).astype(np.uint8)
    found = frames(animation(images, 256))
    for before, after in pairwise(found):
        drawn = (before != UNDRAWN).any(axis=-1)
        np.testing.assert_array_equal(after[drawn], before[drawn])
    last = np.stack([found[-1][1:10, 1:10], found[-1][1:10, 11:20]]).astype(int)
    assert np.abs(last - images[:2]).mean() < 25  # noise is the hardest there is


def test_the_same_images_give_the_same_bytes() -> None:
    assert animation(batch(5), 4) == animation(batch(5), 4)


def given(rows: int, samples: list[list[int]], levels: int = 4, channels: int = 1) -> Given:
    mask = np.zeros((rows, HEIGHT, WIDTH, channels), np.uint8)
    mask[:, :2] = 1
    mask[0, 1] = 0
    width = max(map(len, samples))
    table = [[*row, *[-1] * (width - len(row))] for row in samples]
    return Given(batch(rows, levels, channels, seed=7), mask, np.array(table, np.int64))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_holds_what_was_given_its_completions_and_the_original(channels: int) -> None:
    images = batch(7, 4, channels)
    asked = given(3, [[0, 1, 6], [2, 3], [4]], 4, channels)
    assert completing(asked) == {0, 1, 2, 3, 4, 6}
    picture = completions(asked, dict(enumerate(images)), 4)
    columns = 5
    assert picture.shape == (3 * (HEIGHT + 1) + 1, columns * (WIDTH + 1) + 1, 3)
    assert (lines(picture) == LINE).all()
    originals, drawn = colours(asked.values, 4), colours(images, 4)
    for row, numbers in enumerate([[0, 1, 6], [2, 3], [4]]):
        cells = [cell(picture, columns * row + i, columns) for i in range(columns)]
        kept = 1 if row == 0 else 2
        np.testing.assert_array_equal(cells[0][:kept], originals[row, :kept])
        assert (cells[0][kept:] == UNDRAWN).all()
        for i, number in enumerate(numbers, 1):
            np.testing.assert_array_equal(cells[i], drawn[number])
        for absent in cells[1 + len(numbers) : -1]:
            assert (absent == LINE).all()
        np.testing.assert_array_equal(cells[-1], originals[row])


def test_at_most_eight_rows_and_eight_completions() -> None:
    numbers = [[100 * row + i for i in range(12)] for row in range(10)]
    asked = given(10, numbers)
    shown = completing(asked)
    assert shown == {100 * row + i for row in range(8) for i in range(8)}
    picture = completions(asked, dict.fromkeys(shown, batch(1)[0]), 4)
    assert picture.shape[:2] == (8 * (HEIGHT + 1) + 1, 10 * (WIDTH + 1) + 1)


def test_given_images_that_nothing_completes_have_no_row() -> None:
    asked = given(4, [[0], [1], [], []])
    picture = completions(asked, dict(enumerate(batch(2))), 4)
    assert picture.shape[:2] == (2 * (HEIGHT + 1) + 1, 3 * (WIDTH + 1) + 1)


def some(count: int) -> Images:
    return Images(batch(count), np.zeros(count, np.float32), np.arange(count), 4)


def cut(whole: Images, length: int, stop: int | None = None) -> Iterator[Mapping[str, Any]]:
    """Parts; whoever asks for one that begins behind `stop` asks for too much."""
    for start in range(0, len(whole.samples), length):
        assert stop is None or start < stop
        yield {key: value[start : start + length] for key, value in whole.arrays().items()}


@pytest.mark.parametrize("length", [1, 7, 300, 400])
def test_completions_may_be_far_behind_what_the_grid_shows(tmp_path: Path, length: int) -> None:
    whole, asked = some(400), given(2, [[0, 270, 399], [1]])
    parts = Parts(400, whole.meta(), cut(whole, length), given=asked)
    files = Images.collect(tmp_path, parts)
    assert [path.name for path in files] == ["grid.png", "completions.png", "samples.npz"]
    wanted = completions(asked, dict(enumerate(whole.samples)), 4)
    with Image.open(tmp_path / "completions.png") as found:
        np.testing.assert_array_equal(np.asarray(found), wanted)
    plain = whole.save(tmp_path / "plain")
    assert [path.name for path in plain] == ["grid.png", "samples.npz"]
    assert [path.read_bytes() for path in plain] == [files[i].read_bytes() for i in (0, 2)]


@pytest.mark.parametrize("length", [1, 5, 16, 400])
def test_an_animation_reads_the_first_parts_only(tmp_path: Path, length: int) -> None:
    whole = some(400)
    path = Images.animate(tmp_path, Parts(400, whole.meta(), cut(whole, length, stop=16)))
    assert path == tmp_path / "sampling.gif"
    assert path.read_bytes() == animation(whole.samples[:16], 4)


def test_an_animation_knows_what_was_given_of_each_sample(tmp_path: Path) -> None:
    whole, asked = some(5), given(2, [[0, 1, 4], [2, 3]])
    path = Images.animate(tmp_path, Parts(5, whole.meta(), cut(whole, 2), given=asked))
    mask = asked.mask[[0, 0, 1, 1, 0]]
    assert path.read_bytes() == animation(whole.samples, 4, mask)


def test_what_can_be_animated() -> None:
    assert isinstance(Images, Animated)
    assert [name for name, kind in SAMPLE_KINDS.items() if isinstance(kind, Animated)] == ["images"]
    assert not isinstance(Audio, Animated)
