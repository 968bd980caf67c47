"""ViZDoom with maps of our own: one engine, its files, what it shows and where the player is.

Lengths are in cells and angles in radians. x points to the right, y down and angles grow clockwise,
so that a map is seen as it is printed; the engine's y points up.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import vizdoom

from genkit.rl.environments.doom import wad
from genkit.rl.environments.doom.items import HALT, decorate
from genkit.rl.environments.doom.udmf import CELL

# Forward, backward, left and right, 0 or 1, and degrees to the right for each tic.
Buttons = tuple[int, int, int, int, float]
_BUTTONS = [
    vizdoom.Button.MOVE_FORWARD,
    vizdoom.Button.MOVE_BACKWARD,
    vizdoom.Button.MOVE_LEFT,
    vizdoom.Button.MOVE_RIGHT,
    vizdoom.Button.TURN_LEFT_RIGHT_DELTA,
]
_VARIABLES = [
    vizdoom.GameVariable.POSITION_X,
    vizdoom.GameVariable.POSITION_Y,
    vizdoom.GameVariable.ANGLE,
    vizdoom.GameVariable.ITEMCOUNT,
]
# All of the same shape; the first that has enough lines is used.
_MODES = (
    (120, vizdoom.ScreenResolution.RES_160X120),
    (150, vizdoom.ScreenResolution.RES_200X150),
    (192, vizdoom.ScreenResolution.RES_256X192),
    (240, vizdoom.ScreenResolution.RES_320X240),
)
# What becomes of ViZDoom's depth, the distance along the axis of sight in 1/17.7 cells: 255 is 3.6
# cells and more. Of walls, the engine measures it in pixels and scales it by lines / 480 when it
# is a byte already, so with 120 lines it ends at 63; that of floors goes on.
_DEEPEST = 63
DEPTH = (np.minimum(np.arange(256), _DEEPEST) * 255 // _DEEPEST).astype(np.uint8)
# The engine makes this folder where the program runs, and puts nothing into it.
_LITTER = Path("_vizdoom")


class Pose(NamedTuple):
    """Where the player is.

    Args:
        x, y: in cells. heading: in radians, 0 to 2π, clockwise from the x axis.
        eaten: how many items so far.
    """

    x: float
    y: float
    heading: float
    eaten: int


class _State(NamedTuple):
    screen: np.ndarray
    depth: np.ndarray
    variables: list[float]


class Engine:
    """ViZDoom in a process of its own, with its files in a folder of its own until `close`.

    Each engine has its own archive of maps: several that read one archive of many maps crashed
    (Farama-Foundation/ViZDoom#355).

    Args:
        maps: their texts. lines: that the picture needs at least.
    """

    def __init__(self, maps: Sequence[str], lines: int) -> None:
        folder = tempfile.TemporaryDirectory(prefix="genkit-doom-")
        archive = Path(folder.name) / "maps.wad"
        lumps = [("DECORATE", decorate().encode("ascii"))]
        for number, text in enumerate(maps):
            lumps += wad.map_lumps(_name(number), text)
        archive.write_bytes(wad.pack(lumps))
        self._game = _game(archive, archive.with_name("vizdoom.ini"), lines)
        # Also where nobody calls `close`: the engine writes its settings when it stops, so it has
        # to stop before its folder goes.
        self._stop = weakref.finalize(self, _stop, self._game, folder)
        try:
            self._game.init()
            self._state = self._read()
        except Exception:
            self.close()
            raise
        _tidy()

    @property
    def shape(self) -> tuple[int, int]:
        """Lines and columns of the picture."""
        return self._game.get_screen_height(), self._game.get_screen_width()

    def begin(self, number: int, seed: int) -> None:
        """A new episode in one of the maps."""
        self._game.set_seed(seed)
        self._game.set_doom_map(_name(number))
        self._game.new_episode()
        self._state = self._read()

    def put(self, x: float, y: float, heading: float) -> None:
        """Put the player somewhere, at rest; two tics."""
        now = self.pose().heading
        self._game.send_game_command(f"give {HALT}")
        self._game.send_game_command(f"warp {round(x * CELL)} {round(-y * CELL)}")
        self.act((0, 0, 0, 0, math.degrees(heading - now)), 1)
        self.act((0, 0, 0, 0, 0.0), 1)  # behind a warp the eyes are at the floor for one tic

    def act(self, buttons: Buttons, tics: int) -> None:
        """Press buttons for some tics, of which a second has 35."""
        self._game.make_action(list(buttons), tics)
        self._state = self._read()

    def pose(self) -> Pose:
        """Where the player is."""
        x, y, angle, eaten = self._state.variables
        return Pose(x / CELL, -y / CELL, -math.radians(angle) % math.tau, round(eaten))

    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture `(lines, columns, 3)` and ViZDoom's depth `(lines, columns)`, uint8."""
        return self._state.screen, self._state.depth

    def _read(self) -> _State:
        state = self._game.get_state()
        if state is None or state.game_variables is None or state.depth_buffer is None:
            raise RuntimeError("the engine shows nothing: its episode is over")
        return _State(state.screen_buffer, state.depth_buffer, state.game_variables.tolist())

    def close(self) -> None:
        """Stop the engine and remove its files. A second time does nothing."""
        self._stop()


def _name(number: int) -> str:
    return f"GK{number:04d}"


def _stop(game: vizdoom.DoomGame, folder: tempfile.TemporaryDirectory[str]) -> None:
    game.close()
    folder.cleanup()
    _tidy()


def _tidy() -> None:
    # Not empty: it is somebody else's and stays.
    with contextlib.suppress(OSError):
        _LITTER.rmdir()


def _game(archive: Path, settings: Path, lines: int) -> vizdoom.DoomGame:
    """A game that has not begun."""
    game = vizdoom.DoomGame()
    game.set_doom_game_path(str(Path(vizdoom.__file__).parent / "freedoom2.wad"))
    game.set_doom_scenario_path(str(archive))
    game.set_doom_map(_name(0))
    game.set_doom_config_path(str(settings))
    # Eyes that do not bob: depth says how far walls are, not how one walks.
    game.add_game_args("+movebob 0")
    game.set_mode(vizdoom.Mode.PLAYER)
    game.set_episode_start_time(10)  # a map takes no input in its first seven tics
    game.set_episode_timeout(0)
    game.set_window_visible(False)
    game.set_sound_enabled(False)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_screen_resolution(next(mode for height, mode in _MODES if height >= lines))
    game.set_depth_buffer_enabled(True)
    game.set_render_hud(False)
    game.set_render_weapon(False)
    game.set_render_crosshair(False)
    game.set_render_decals(False)
    game.set_render_particles(False)
    game.set_render_messages(False)
    game.set_render_screen_flashes(False)
    game.set_available_buttons(_BUTTONS)
    game.set_available_game_variables(_VARIABLES)
    return game
