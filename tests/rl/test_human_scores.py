"""The table of scores in Atari games, and what is computed from it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genkit.rl import human_scores
from genkit.rl.environments.outside_config import AtariConfig

# The games from and to which progressive networks were transferred (Rusu et al., 2016).
TRANSFER = (
    "pong",
    "riverraid",
    "seaquest",
    "alien",
    "asterix",
    "boxing",
    "centipede",
    "gopher",
    "hero",
    "jamesbond",
    "krull",
    "robotank",
    "road_runner",
    "star_gunner",
    "wizard_of_wor",
)


def test_the_table_has_57_games_in_which_humans_are_better() -> None:
    assert len(human_scores.SCORES) == 57
    assert list(human_scores.SCORES) == sorted(human_scores.SCORES)
    assert all(random < human for random, human in human_scores.SCORES.values())
    assert set(TRANSFER) <= set(human_scores.SCORES)


def test_figures_that_papers_print() -> None:
    assert human_scores.scores("pong") == (-20.7, 14.6)
    assert human_scores.scores("breakout") == (1.7, 30.5)
    assert human_scores.scores("skiing") == (-17098.1, -4336.9)


@pytest.mark.parametrize("name", ["ms_pacman", "mspacman", "MsPacman"])
def test_spellings(name: str) -> None:
    assert human_scores.scores(name) == (307.3, 6951.6)
    assert AtariConfig(game=name).reference_scores() == (307.3, 6951.6)


def test_normalised() -> None:
    assert human_scores.normalised("pong", -20.7) == 0
    assert human_scores.normalised("pong", 14.6) == 100
    assert human_scores.normalised("boxing", 6.1) == pytest.approx(50)
    assert human_scores.normalised("double_dunk", -19.7) == pytest.approx(-50)


def test_unknown_games() -> None:
    assert human_scores.scores("tetris") is None
    assert human_scores.normalised("tetris", 1) is None
    assert AtariConfig(game="tetris").reference_scores() is None


def test_the_emulator_has_all_of_them() -> None:
    roms = pytest.importorskip("ale_py.roms", reason="ale_py is not installed (extra atari)")
    assert set(human_scores.SCORES) <= set(roms.get_all_rom_ids())


def test_sections_need_no_emulator() -> None:
    code = (
        "import sys; from genkit.rl.environments.outside_config import AtariConfig; "
        "AtariConfig(game='pong').reference_scores(); "
        "print([name for name in ('gymnasium', 'ale_py', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
