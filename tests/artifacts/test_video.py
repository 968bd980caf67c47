"""Videos: GIFs that tell what was given, pictures of frames, arrays whole or from parts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit.artifacts import SAMPLE_KINDS, Animated, Artifact, Parts, SampleArtifact, Videos
from genkit.artifacts import films as module
from genkit.artifacts import parts as parts_module
from genkit.artifacts import video as video_module
from genkit.artifacts.films import DRAWN, GIVEN, film, sheet, strip
from genkit.artifacts.npz import read_npz

FRAMES, HEIGHT, WIDTH = 4, 3, 5


def some(count: int = 3, levels: int = 4, channels: int = 1, context: int = 2) -> Videos:
    """No two frames alike."""
    shape = (count, FRAMES, HEIGHT, WIDTH, channels)
    samples = np.random.default_rng(0).integers(0, levels, shape).astype(np.uint8)
    chances = -np.arange(count, dtype=np.float32)
    return Videos(samples, chances, np.arange(count), levels, context, 10)


def shown(data: bytes) -> tuple[list[np.ndarray], list[int], int]:
    """Frames as a viewer shows them, `(rows, columns, 3)`; milliseconds; how often again."""
    with Image.open(io.BytesIO(data)) as picture:
        frames, times = [], []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("RGB")))
            times.append(picture.info["duration"])
        return frames, times, picture.info["loop"]


def coloured(frames: np.ndarray, levels: int) -> np.ndarray:
    return np.repeat(np.round(frames * 255.0 / (levels - 1)), 3 // frames.shape[-1], axis=-1)


def border(picture: np.ndarray, thick: int) -> set[tuple[int, ...]]:
    inside = np.zeros(picture.shape[:2], bool)
    inside[thick:-thick, thick:-thick] = True
    return {tuple(int(v) for v in pixel) for pixel in picture[~inside]}


@pytest.mark.parametrize(("levels", "channels"), [(2, 1), (17, 1), (256, 1), (4, 3)])
@pytest.mark.parametrize("context", [0, 2, 4])
def test_a_film_shows_every_frame_and_what_was_given(
    levels: int, channels: int, context: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST", 1)  # no enlargement
    clip = some(1, levels, channels).samples[0]
    frames, times, loop = shown(film(clip, levels, context, 10))
    assert len(frames) == FRAMES
    assert (times, loop) == ([100, 100, 100, 1100], 0)
    for t, picture in enumerate(frames):
        assert picture.shape == (HEIGHT + 2, WIDTH + 2, 3)
        np.testing.assert_array_equal(picture[1:-1, 1:-1], coloured(clip, levels)[t])
        assert border(picture, 1) == {GIVEN if t < context else DRAWN}


def test_small_videos_are_enlarged_by_a_whole_factor() -> None:
    clip = some(1).samples[0]
    frames, _, _ = shown(film(clip, 4))
    factor = 256 // WIDTH
    thick = factor // 2
    assert frames[0].shape == (HEIGHT * factor + 2 * thick, WIDTH * factor + 2 * thick, 3)
    inner = frames[1][thick:-thick, thick:-thick]
    whole = coloured(clip, 4)[1].repeat(factor, axis=0).repeat(factor, axis=1)
    np.testing.assert_array_equal(inner, whole)


@pytest.mark.parametrize(("fps", "pause"), [(1, 1000), (8, 120), (25, 40), (50, 20), (99, 20)])
def test_how_long_a_frame_is_seen(fps: int, pause: int) -> None:
    assert shown(film(some(1).samples[0], 4, 0, fps))[1][0] == pause


def test_more_colours_than_a_gif_has() -> None:
    clip = np.random.default_rng(1).integers(0, 256, (2, 20, 20, 3)).astype(np.uint8)
    frames, _, _ = shown(film(clip, 256, 1))
    factor = 256 // 20
    thick = factor // 2
    assert border(frames[0], thick) == {GIVEN}
    small = frames[1][thick:-thick:factor, thick:-thick:factor].astype(int)
    assert np.abs(small - clip[1]).mean() < 25


def test_a_sheet_has_given_truth_and_samples_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHEET", 1)
    truth = some(2, 4, 3).samples
    samples = np.stack([some(5, 4, 3).samples[2:4], some(5, 4, 3).samples[3:5]], axis=1)
    frames, times, _ = shown(sheet(truth, samples, 4, 2, 5))
    assert times == [200, 200, 200, 1200]
    tall, wide = HEIGHT + 2, WIDTH + 2
    for t, picture in enumerate(frames):
        assert picture.shape == (2 * tall, 4 * wide, 3)
        for row in range(2):
            wanted = [truth[row, min(t, 1)], truth[row, t], samples[row, 0, t], samples[row, 1, t]]
            for column, own in enumerate(wanted):
                cell = picture[row * tall :, column * wide :][:tall, :wide]
                np.testing.assert_array_equal(cell[1:-1, 1:-1], coloured(own, 4))
                assert border(cell, 1) == {GIVEN if t < 2 or column == 0 else DRAWN}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_strip_has_a_row_for_each_video(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STRIP", 1)
    clips = some(2, 4, channels).samples
    picture = strip(clips, 4, 1)
    tall, wide = HEIGHT + 2, WIDTH + 2
    assert picture.shape == (2 * tall, FRAMES * wide, 3)
    for row in range(2):
        for t in range(FRAMES):
            cell = picture[row * tall :, t * wide :][:tall, :wide]
            np.testing.assert_array_equal(cell[1:-1, 1:-1], coloured(clips[row, t], 4))
            assert border(cell, 1) == {GIVEN if t < 1 else DRAWN}
    long = np.repeat(clips, 20, axis=1)
    assert strip(long, 4).shape[1] == 20 * wide


def test_what_is_saved(tmp_path: Path) -> None:
    batch = some(3)
    files = batch.save(tmp_path)
    names = ["samples.npz", "000000.gif", "000001.gif", "000002.gif"]
    assert [path.name for path in files] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    arrays = read_npz(tmp_path / "samples.npz")
    assert set(arrays) == {"samples", "log_prob", "index"}
    np.testing.assert_array_equal(arrays["samples"], batch.samples)
    assert files[2].read_bytes() == film(batch.samples[1], 4, 2, 10) == batch.films()[1]


def test_the_first_64_have_films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert video_module.FILMS == 64
    monkeypatch.setattr(video_module, "FILMS", 2)
    whole = some(5)
    cut: list[Any] = [{k: v[i : i + 1] for k, v in whole.arrays().items()} for i in range(5)]
    files = Videos.collect(tmp_path, Parts(5, whole.meta(), iter(cut)))
    assert [path.name for path in files] == ["samples.npz", "000000.gif", "000001.gif"]
    np.testing.assert_array_equal(read_npz(files[0])["samples"], whole.samples)


@pytest.mark.parametrize("lengths", [(7,), (3, 3, 1), (1, 6)])
def test_parts_are_collected_to_what_the_whole_saves(
    lengths: tuple[int, ...], tmp_path: Path
) -> None:
    whole, start, cut = some(7), 0, []
    for length in lengths:
        cut.append({k: v[start : start + length] for k, v in whole.arrays().items()})
        start += length
    files = Videos.collect(tmp_path / "parts", Parts(7, whole.meta(), iter(cut)))
    saved = whole.save(tmp_path / "whole")
    assert [path.name for path in files] == [path.name for path in saved]
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in saved]
    joined = Videos.join(cut, whole.meta())
    assert (joined.levels, joined.context, joined.fps) == (4, 2, 10)
    for key, value in whole.arrays().items():
        np.testing.assert_array_equal(joined.arrays()[key], value)


def test_large_jobs_get_no_single_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "ONE_FILE_BYTES", some().samples.nbytes)
    assert [path.name for path in some().save(tmp_path)] == [f"00000{i}.gif" for i in range(3)]


def test_each_file_is_whole_or_absent(tmp_path: Path) -> None:
    def each() -> Iterator[Any]:
        yield some(2).arrays()
        raise ValueError("a bad part")

    with pytest.raises(ValueError, match="a bad part"):
        Videos.collect(tmp_path, Parts(5, some().meta(), each()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.gif", "000001.gif"]
    for i in range(2):
        assert (tmp_path / f"00000{i}.gif").read_bytes() == film(some(2).samples[i], 4, 2, 10)


def test_a_preview_is_of_the_first_8() -> None:
    many = some(9)
    assert many.preview().startswith(b"\x89PNG")
    assert many.preview() == replace(many, samples=many.samples[:8]).preview()
    assert many.preview() != replace(many, samples=many.samples[:7]).preview()
    assert len(many.films()) == 8


def test_videos_are_a_sample_artifact() -> None:
    assert isinstance(some(), SampleArtifact)
    assert isinstance(some(), Artifact)
    assert not isinstance(some(), Animated)  # a video is not drawn pixel by pixel
    assert SAMPLE_KINDS[some().kind] is Videos
