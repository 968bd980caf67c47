"""What every section and every entry of the video data sets says, without reading a file."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from genkit.data.stock import WRITERS, config_of
from genkit.data.video.catalogue import ENTRIES
from genkit.registry import resolve
from tests.video_files import section


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entries_name_what_is_there(entry: Any) -> None:
    assert entry.kind == "videos"
    assert entry.kind in WRITERS
    assert entry.licence
    for target in (entry.source, entry.files, entry.blocks):
        assert target is None or callable(resolve(target))
    config = config_of(entry)
    assert len(config.video_shape()) == 4
    assert config.video_shape()[0] == config.frames
    assert config.level_count() == 256


@pytest.mark.parametrize(
    ("values", "shape", "conditions"),
    [
        ({"name": "moving_mnist"}, (20, 64, 64, 1), {}),
        ({"name": "moving_mnist", "size": 32, "digit_size": 14, "frames": 10}, (10, 32, 32, 1), {}),
        ({"name": "bouncing_digits"}, (10, 16, 16, 1), {}),
        ({"name": "pushing_sim"}, (20, 64, 64, 3), {"state": 4, "action": 2}),
        ({"name": "robot_pushing"}, (20, 64, 64, 3), {"state": 5, "action": 5}),
        ({"name": "videos", "channels": 1, "vectors": {"joint": 7}}, (20, 64, 64, 1), {"joint": 7}),
    ],
)
def test_shapes_are_known_before_a_file_is_read(
    values: dict[str, Any], shape: tuple[int, ...], conditions: dict[str, int]
) -> None:
    config = section(**values)
    assert config.video_shape() == shape
    assert config.condition_shapes() == conditions
    assert section(**values, levels=8).level_count() == 8
    assert section(**values, levels=8).preprocessing().endswith("quantised from 256 to 8 levels")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "pushing_sim"}, "none"),
        ({"name": "videos", "fit": "exact", "cut": "first", "every": 3},
         "64x64 colour, as they are, the first frames, every 3. frame"),
        ({"name": "robot_pushing", "resample": "points"}, "resized to 64x64 (single pixels)"),
    ],
)  # fmt: skip
def test_preprocessing_in_words(values: dict[str, Any], words: str) -> None:
    assert section(**values).preprocessing() == words


@pytest.mark.parametrize(
    "values",
    [
        {"name": "moving_mnist", "frames": 1},
        {"name": "moving_mnist", "digit_size": 29},
        {"name": "bouncing_digits", "digit_size": 9},
        {"name": "pushing_sim", "objects": 5},
        {"name": "pushing_sim", "levels": 3},
        {"name": "robot_pushing", "validation_share": 1.0},
        {"name": "videos", "cut": "all"},
        {"name": "videos", "sizes": 3},
    ],
)
def test_sections_that_are_wrong(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        section(**values)


def test_entries_and_sections_are_light() -> None:
    code = (
        "import sys; import genkit.data.video.catalogue, genkit.data.video.config; "
        "print([m for m in ('keras', 'tensorflow', 'pymunk', 'PIL', 'google') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
