"""Episodes with auxiliary heads: saved, put together, and shown beside what was seen."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import Episodes, Parts
from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.artifacts.palette import BAR, KEPT, LEVELS, PAPER, ramp
from genkit.artifacts.panels import CELL, EDGE, NAME, ROWS, heads
from genkit.artifacts.play import MARGIN, MOMENTS, SIDE

PICTURE = SIDE + 2 * MARGIN  # width of what was seen, of 8 x 8 pixels
PREDICTED = ["zero", "positive", "negative"]


def episodes(
    auxiliary: Mapping[str, np.ndarray], length: tuple[int, ...] = (6, 4), **more: Any
) -> Episodes:
    """Episodes of a grey picture that becomes lighter."""
    count, longest = len(length), max(length)
    light = np.arange(longest, dtype=np.uint8)[:, None, None, None] * 9 + 60
    return Episodes(
        observation={"image": np.tile(light, (count, 1, 8, 8, 3))},
        action=np.zeros((count, longest), np.int32),
        reward=np.zeros((count, longest), np.float32),
        values=np.zeros((count, longest), np.float32),
        policy=np.full((count, longest, 2), 0.5, np.float32),
        length=np.array(length, np.int64),
        failed=np.zeros(count, bool),
        log_prob=np.zeros(count, np.float32),
        index=np.arange(count, dtype=np.int64),
        actions=["left", "right"],
        auxiliary=auxiliary,
        **more,
    )


def three_kinds(count: int = 2, longest: int = 6) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        "depth": draw.random((count, longest, 4, 16), np.float32),
        "reward-prediction": draw.random((count, longest, 3), np.float32),
        "reconstruction": draw.integers(0, 256, (count, longest, 8, 8, 3), np.uint8),
    }


def frames(gif: bytes) -> list[np.ndarray]:
    """`(H, W, 3)` each."""
    found = []
    with Image.open(io.BytesIO(gif)) as film:
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
    return found


def inside(frame: np.ndarray, number: int, height: int, width: int) -> np.ndarray:
    """So much of what is drawn in a panel."""
    column, row = divmod(number, ROWS)
    top, left = row * CELL + NAME, PICTURE + column * CELL + EDGE
    return frame[top : top + height, left : left + width]


def test_arrays_go_through_parts_and_come_back(tmp_path: Path) -> None:
    said = three_kinds()
    found = episodes(said, labels={"reward-prediction": PREDICTED})
    (tmp_path / "part.npz").write_bytes(npz_bytes(found.arrays()))
    arrays = read_npz(tmp_path / "part.npz")
    for name, x in said.items():
        np.testing.assert_array_equal(arrays[f"auxiliary/{name}"], x)
    assert found.meta() == {
        "actions": ["left", "right"],
        "labels": {"reward-prediction": PREDICTED},
    }
    found.save(tmp_path / "whole")
    Episodes.collect(tmp_path / "parts", Parts(2, found.meta(), iter([arrays])))
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "parts" / path.name).read_bytes()
    facts = read_npz(tmp_path / "whole" / "samples.npz")
    assert set(facts) == {"index", "length", "failed", "log_prob", "return"}
    assert found.films()[1] == (tmp_path / "whole" / "000001.gif").read_bytes()
    assert found.preview() == (tmp_path / "whole" / "grid.png").read_bytes()


def test_parts_may_differ_in_length(tmp_path: Path) -> None:
    """What is behind the end of an episode changes nothing."""
    long, short = episodes(three_kinds()), episodes(three_kinds(longest=3), (3, 2))
    padded = {
        name: np.pad(x, ((0, 0), (0, 5), *((0, 0),) * (x.ndim - 2)), constant_values=1)
        if x.ndim > 1
        else x
        for name, x in short.arrays().items()
    }
    for name, second in (("cut", short.arrays()), ("padded", padded)):
        parts = Parts(4, long.meta(), iter([long.arrays(), second]))
        files = Episodes.collect(tmp_path / name, parts)
        assert len(files) == 2 + 4
    for path in files:
        assert path.read_bytes() == (tmp_path / "cut" / path.name).read_bytes()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_a_column_has_two_panels(count: int) -> None:
    said = {f"map {number}": np.zeros((1, 2, 3, 3), np.float32) for number in range(count)}
    found = episodes(said, (2,))
    columns = (count + 1) // 2
    assert frames(found.films()[0])[0].shape == (SIDE, PICTURE + columns * CELL + SIDE, 3)
    moments = MOMENTS // 2 if count else MOMENTS
    with Image.open(io.BytesIO(found.preview())) as picture:
        assert picture.size == (moments * (PICTURE + columns * CELL) + SIDE, SIDE)


def test_panels_leave_the_rest_of_a_frame_as_it_is() -> None:
    for said in (three_kinds(), {"k": np.zeros((2, 6, 3), np.float32)}):
        alone, beside = (frames(episodes(x).films()[0]) for x in ({}, said))
        assert len(alone) == len(beside) == 6
        for one, other in zip(alone, beside, strict=True):
            np.testing.assert_array_equal(one[:, :PICTURE], other[:, :PICTURE])
            np.testing.assert_array_equal(one[:, -SIDE:], other[:, -SIDE:])


def test_a_map_has_the_range_of_its_episode() -> None:
    values = np.zeros((1, 4, 2, 2), np.float32)
    values[0, 1, 0, 1], values[0, 2, 1, 0] = -2, 3
    shown = frames(episodes({"pixel-control": values}, (4,)).films()[0])
    lowest, highest = ramp()[0], ramp()[-1]
    middle = inside(shown[0], 0, 100, 100).reshape(-1, 3)
    assert (middle == middle[0]).all()
    assert tuple(middle[0]) in ramp()[LEVELS // 4 : -LEVELS // 4]
    assert (inside(shown[1], 0, 100, 100)[:50, 50:] == lowest).all()
    assert (inside(shown[2], 0, 100, 100)[50:, :50] == highest).all()
    assert (inside(shown[2], 0, 100, 100)[50:, 50:] == middle[0]).all()


def test_few_extremes_do_not_hide_the_rest() -> None:
    values = np.tile(np.linspace(0, 1, 1000, dtype=np.float32).reshape(1, 1, 20, 50), (1, 2, 1, 1))
    values[0, 0, 0, 0] = 1000
    shown = inside(frames(episodes({"map": values}, (2,)).films()[0])[1], 0, 40, 100)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == LEVELS
    rare = np.zeros((1, 2, 20, 20), np.float32)  # its 1st and 99th percentile are the same
    rare[0, 1, 3, 4] = 1
    shown = inside(frames(episodes({"map": rare}, (2,)).films()[0])[1], 0, 100, 100)
    assert (shown[15:20, 20:25] == ramp()[-1]).all()
    assert (shown == ramp()[-1]).all(axis=-1).sum() == 25


def test_flat_and_unknown_maps() -> None:
    """A constant is one colour; nothing is drawn where nothing is known."""
    values = np.full((1, 2, 2, 2), 7, np.float32)
    values[0, :, 1, 1] = np.nan
    said = {"flat": values, "none": np.full_like(values, np.nan)}
    shown = frames(episodes(said, (2,)).films()[0])[0]
    assert (inside(shown, 0, 100, 100)[:50] == ramp()[0]).all()
    assert (inside(shown, 0, 100, 100)[50:, 50:] == KEPT[PAPER]).all()
    assert (inside(shown, 1, 100, 100) == KEPT[PAPER]).all()


@pytest.mark.parametrize("end", ["-true", "-predicted"])
def test_what_is_compared_has_one_scale_and_one_column(end: str) -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(1, 1, 4, 4)
    said = {"other": values / 2, f"depth{end}": values / 2, "k": values[0], "depth": values}
    found = episodes(said, (1,))
    order = list(heads({f"auxiliary/{name}": x[0] for name, x in said.items()}))
    assert order == ["depth", f"depth{end}", "other", "k"]
    shown = frames(found.films()[0])[0]
    whole, half, other = (inside(shown, number, 100, 100) for number in range(3))
    assert (whole[-1, -1] == ramp()[-1]).all()
    assert tuple(half[-1, -1]) in ramp()[LEVELS // 2 - 2 : LEVELS // 2 + 2]
    assert (other[-1, -1] == ramp()[-1]).all()


def test_numbers_are_bars_with_labels() -> None:
    numbers = np.array([[[0.25, 1, 0.5], [np.nan] * 3, [np.nan, 7, -1]]], np.float32)
    wide = []
    for labels in ({}, {"reward-prediction": PREDICTED}):
        found = episodes({"reward-prediction": numbers}, (3,), labels=labels)
        bars = [
            (inside(frame, 0, 100, 112) == KEPT[BAR]).all(axis=-1)
            for frame in frames(found.films()[0])
        ]
        widths = [bar.sum(axis=1).reshape(-1)[[7, 25, 43]] for bar in bars]
        np.testing.assert_allclose(widths[0] / widths[0][1], [0.25, 1, 0.5], atol=0.03)
        assert not bars[1].any()
        assert widths[2].tolist() == [0, widths[0][1], 0]  # no wider than 1, none below 0
        wide.append(int(widths[0][1]))
    assert wide[0] > 100
    assert wide[1] < 80  # labels take their room


def test_pictures_are_enlarged_and_coloured() -> None:
    grey = np.full((1, 1, 7, 7, 1), 77, np.uint8)
    planes = np.zeros((1, 1, 7, 7, 5), np.uint8)
    planes[..., 4] = 255
    large = np.full((1, 1, 200, 300, 3), (9, 130, 200), np.uint8)
    shown = frames(episodes({"grey": grey, "planes": planes, "large": large}, (1,)).films()[0])[0]
    assert (inside(shown, 0, 98, 98) == 77).all()
    assert (inside(shown, 1, 98, 98) == (70, 130, 220)).all()
    assert (inside(shown, 2, 74, 112) == (9, 130, 200)).all()
    assert (inside(shown, 2, 75, 113)[-1] == KEPT[PAPER]).all()


def test_names_are_apart_from_those_of_observations() -> None:
    """Both have a `depth`; there is no picture, and bars of numbers are of the observation only."""
    depth = np.linspace(0, 1, 4, dtype=np.float32).reshape(1, 1, 2, 2)
    found = episodes({"depth": depth, "velocity": np.full((1, 1, 3), 0.5, np.float32)}, (1,))
    seen = {"depth": 1 - depth, "velocity": np.ones((1, 1, 3), np.float32)}
    both = replace(found, observation=seen)
    assert (both.arrays()["observation/depth"] != both.arrays()["auxiliary/depth"]).any()
    frame = frames(both.films()[0])[0]
    alone = frames(replace(both, auxiliary={}).films()[0])[0]
    assert frame.shape[1] == alone.shape[1] + CELL
    np.testing.assert_array_equal(frame[:, : -SIDE - CELL], alone[:, :-SIDE])


def test_what_is_nothing_of_the_kind_is_refused() -> None:
    for wrong in (np.zeros((1, 2)), np.zeros((1, 2, 4, 4, 3)), np.zeros((1, 2, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"auxiliary 'odd': numbers .* Received: "):
            episodes({"odd": wrong}, (2,))


def test_nothing_is_added_where_nothing_is_said() -> None:
    found = episodes({})
    assert found.meta() == {"actions": ["left", "right"]}
    assert not any(name.startswith("auxiliary") for name in found.arrays())
