"""How pictures changed through training."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from genkit.artifacts.pictures import png
from genkit.growth import FRAMES, training_films


def draw(folder: Path, step: str, value: int, size: int = 6, name: str = "grid.png") -> None:
    (folder / step).mkdir(parents=True, exist_ok=True)
    picture = np.full((size, size, 3), value, np.uint8)
    picture[0, 0] = (200, 10, 30)
    (folder / step / name).write_bytes(png(picture))


def values(gif: bytes) -> list[int]:
    found = []
    with Image.open(io.BytesIO(gif)) as film:
        for number in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(number)
            found.append(int(np.asarray(film.convert("RGB"))[3, 3, 0]))
    return found


def test_pictures_come_in_the_order_of_their_steps(tmp_path: Path) -> None:
    for step, value in ((1000, 30), (200, 10), (9000, 50)):
        draw(tmp_path, f"step-{step}", value)
    (film,) = training_films(tmp_path)
    assert film.name == "training-grid"
    assert values(film.gif) == [10, 30, 50]


def test_each_kind_of_picture_has_its_film_and_a_single_one_has_none(tmp_path: Path) -> None:
    for step in (1, 2):
        draw(tmp_path, f"step-{step}", step, name="a.png")
        draw(tmp_path, f"step-{step}", step, name="b.png")
    draw(tmp_path, "step-2", 9, name="c.png")
    (tmp_path / "step-old").mkdir()
    assert [film.name for film in training_films(tmp_path)] == ["training-a", "training-b"]
    assert training_films(tmp_path / "nothing") == []


def test_a_picture_of_another_size_is_left_out_and_very_many_are_thinned(tmp_path: Path) -> None:
    draw(tmp_path, "step-0", 99, size=4)
    for step in range(1, 3 * FRAMES):
        draw(tmp_path, f"step-{step}", step)
    (film,) = training_films(tmp_path)
    with Image.open(io.BytesIO(film.gif)) as moving:
        assert moving.size == (6, 6)
    seen = values(film.gif)
    assert len(seen) <= FRAMES
    assert seen == sorted(seen)
    assert seen[0] < 40 < seen[-1]
