"""Splits of simulations, their files, and scenes that somebody hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit import data
from genkit.data.physics import dataset
from genkit.data.physics.config import BallsConfig, NBodyConfig, StringConfig
from genkit.data.physics.given import read_scenes
from genkit.errors import DataError, UsageError

FEW = {"steps": 8, "train_count": 3, "validation_count": 2, "test_count": 2, "other_scenes": 2}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(dataset, "KEPT", 0)


def test_a_few_trajectories_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "KEPT", 10_000)
    data.load(NBodyConfig(bodies=3, **FEW)).split("test")
    assert not list(tmp_path.rglob("*.npz"))


def test_splits_hold_other_scenes_and_other_counts() -> None:
    config = StringConfig(masses=4, other_counts=[2], other_pins=["both"], **FEW)
    found = data.load(config)
    shapes = {name: found.split(name).position.shape for name in config.casts()}
    assert shapes == {
        "train": (3, 9, 5, 2), "validation": (2, 9, 5, 2), "test": (2, 9, 5, 2),
        "test_2": (2, 9, 3, 2), "test_pinned_both": (2, 9, 5, 2),
    }  # fmt: skip
    first = found.split("train").velocity[0]
    assert not np.array_equal(first, found.split("test").velocity[0])
    with pytest.raises(UsageError, match=r"test_3.*test_2"):
        found.split("test_3")


def test_trajectories_are_kept_and_read_back(tmp_path: Path) -> None:
    config = NBodyConfig(bodies=3, **FEW)
    made = data.load(config).split("test")
    (file,) = (tmp_path / "data").rglob("test-*.npz")
    written = file.stat().st_mtime_ns
    again = data.load(config).split("test")
    assert file.stat().st_mtime_ns == written
    for name in ("position", "velocity", "hits", "near"):
        np.testing.assert_array_equal(getattr(made, name), getattr(again, name))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    config = NBodyConfig(bodies=3, **FEW)
    data.load(config).split("test")
    (file,) = (tmp_path / "data").rglob("test-*.npz")
    file.write_bytes(file.read_bytes()[:-3] + b"xyz")
    with pytest.raises(DataError, match=r"damaged.*Remove it"):
        data.load(config).split("test")


def test_other_settings_are_other_files(tmp_path: Path) -> None:
    for gravity in (1.0, 2.0):
        data.load(NBodyConfig(bodies=2, gravity=gravity, **FEW)).split("test")
    assert len(list((tmp_path / "data").rglob("test-*.npz"))) == 2


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *args: False)
    assert len(data.load(NBodyConfig(bodies=2, **FEW)).split("test")) == 2
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize(
    ("section", "values", "says"),
    [
        (NBodyConfig, {"masses": [9.0, 1.0]}, "smaller number first"),
        (NBodyConfig, {"other_counts": [6]}, "other numbers than 6"),
        (BallsConfig, {"balls": 40}, "side must leave room"),
        (BallsConfig, {"restitutions": [0.5, 1.5]}, "at most 1"),
        (StringConfig, {"other_pins": ["first"]}, "other ends than 'first'"),
    ],
)
def test_sections_that_make_no_sense(section: Any, values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        section(**values)


def scene(**changed: Any) -> dict[str, np.ndarray]:
    """Two scenes of three bodies."""
    places = np.arange(12.0).reshape(2, 3, 2)
    arrays = {"position": places, "velocity": np.ones((2, 3, 2)), "attributes": np.ones((2, 3, 1))}
    return {name: array for name, array in {**arrays, **changed}.items() if array is not None}


def read(tmp_path: Path, config: Any, arrays: Any) -> Any:
    np.savez(tmp_path / "scenes.npz", **arrays)
    return read_scenes(tmp_path / "scenes.npz", config)


def test_scenes_of_a_file(tmp_path: Path) -> None:
    found = read(tmp_path, NBodyConfig(), scene())
    assert found.graph.senders.shape == (3, 2)
    assert found.relations.shape == (2, 3, 2, 0)
    np.testing.assert_array_equal(found.position, scene()["position"])


def test_relations_of_a_file(tmp_path: Path) -> None:
    names = {
        "attributes": np.ones((2, 3, 3)), "receivers": np.array([0, 1, 0]),
        "senders": np.array([1, 0, 2]), "static": np.array([0, 0, 1]),
        "relation_attributes": np.arange(24.0).reshape(2, 3, 4),
    }  # fmt: skip
    found = read(tmp_path, StringConfig(), scene(**names))
    np.testing.assert_array_equal(found.graph.senders, [[1, 2], [0, 0], [0, 0]])
    np.testing.assert_array_equal(found.relations[1, 0], [[12, 13, 14, 15], [20, 21, 22, 23]])
    assert found.graph.static.tolist() == [False, False, True]


BAD = np.ones((2, 3, 2))
BAD[1, 2, 0] = np.nan
SAME = np.arange(12.0).reshape(2, 3, 2)
SAME[1, 2] = SAME[1, 0]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"velocity": None}, r"lacks velocity. It holds: position, attributes"),
        ({"velocity": BAD}, "velocity must be finite. Received: nan in scene 1, number 2"),
        ({"position": np.zeros((2, 0, 2))}, "a scene and an object. Received: 2 and 0"),
        ({"position": np.zeros((3, 2))}, "position must be"),
        ({"position": SAME}, "objects 0 and 2 of scene 1 are at the same place"),
        ({"attributes": np.ones((2, 3, 2))}, r"attributes must have the shape \(2, 3, 1\)"),
        ({"receivers": np.array([0])}, "lacks senders"),
        (
            {"receivers": np.array([0, 3]), "senders": np.array([1, 1])},
            "the receiver 3, but objects are numbered 0 to 2",
        ),
        ({"receivers": np.array([1]), "senders": np.array([1])}, "object 1 with itself"),
        ({"receivers": np.array([0.5]), "senders": np.array([1])}, "whole numbers"),
    ],
)
def test_scenes_that_do_not_fit(changed: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        read(tmp_path, NBodyConfig(), scene(**changed))


def test_balls_need_relations_and_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks receivers, senders and relation_attributes"):
        read(tmp_path, BallsConfig(), scene(attributes=np.ones((2, 3, 4))))
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(DataError, match="not a readable npz file"):
        read_scenes(tmp_path / "text.npz", NBodyConfig())
