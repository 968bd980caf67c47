"""Figures are pictures, with a panel for each episode."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image

from genkit.rl.environments.layouts import maze
from genkit.rl.navigation import figures
from genkit.rl.navigation.maps import MazeMap, Rooms

N, T = 3, 12
MAZE = MazeMap(maze(2, 3, 0), Rooms(2, 3), (1.5, 1.5))


def episodes(values: bool = True) -> list[figures.Path]:
    """Of a maze in which nobody leaves a room; with goals in steps 3 and 11, and early ends."""
    draw = np.random.default_rng(0)
    position = draw.uniform(1.2, 1.8, (N, T, 3))
    reward = np.zeros((N, T))
    reward[:, [3, 11]] = 10
    given = draw.normal(size=(N, T)) if values else None
    return figures.paths([MAZE], position, reward, np.array([T, 8, 3]), given)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Canvases that are made."""
    made: list[Any] = []
    whole = Canvas.__init__

    def init(self: Any, *args: Any, **options: Any) -> None:
        whole(self, *args, **options)
        made.append(self)

    monkeypatch.setattr(Canvas, "__init__", init)
    return made


def test_legs_go_from_spawn_to_goal() -> None:
    whole, early, without = episodes()
    assert whole.legs() == [slice(0, 4), slice(4, 12)]
    assert early.legs() == [slice(0, 4), slice(4, 8)]
    assert without.legs() == [slice(0, 3)]
    assert [len(path.position) for path in (whole, early, without)] == [12, 8, 3]


@pytest.mark.parametrize("kind", ["trajectory", "value_map", "value_time"])
def test_there_is_a_panel_for_each_episode(kind: str, drawn: list[Any]) -> None:
    figure = getattr(figures, f"{kind}_figure")(episodes(), titles=["a", "b", "$c_"])
    picture = Image.open(io.BytesIO(figure.preview()))
    picture.load()
    assert picture.format == "PNG"
    assert np.asarray(picture.convert("L")).std() > 5
    (canvas,) = drawn
    titles = [axes.get_title() for axes in canvas.axes]
    assert [title for title in titles if title] == ["a", "b", "$c_"]
    other = getattr(figures, f"{kind}_figure")(episodes(), titles=["a", "b", "$c_"])
    assert other.png == figure.png


def test_titles_say_how_many_goals_there_were(drawn: list[Any]) -> None:
    figures.trajectory_figure(episodes(values=False))
    titles = [axes.get_title() for axes in drawn[0].axes]
    assert titles[:3] == ["episode 0: 2 goals", "episode 1: 1 goal", "episode 2: 0 goals"]


def test_no_more_than_eight_are_drawn(drawn: list[Any]) -> None:
    figures.value_time_figure(episodes() * 4)
    assert len(drawn[0].axes) == figures.MOST
    figures.value_map_figure(episodes() * 4)
    assert sum(bool(axes.get_title()) for axes in drawn[1].axes) == figures.MOST


def test_values_are_needed_where_they_are_drawn() -> None:
    with pytest.raises(ValueError, match="without values"):
        figures.value_map_figure(episodes(values=False))
