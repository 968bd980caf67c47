"""Players in this process: one environment after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from genkit.rl.players.base import Arrays, Played, checked, spaces
from genkit.rl.players.seat import Seat
from genkit.rl.players.table import Table

if TYPE_CHECKING:
    from genkit.rl.environments.base import Space
    from genkit.rl.environments.outside import OutsideConfig


class InlinePlayers:
    """`Players` without processes. See `genkit.rl.players.make_players`."""

    def __init__(
        self,
        config: OutsideConfig,
        count: int,
        seed: int,
        repeat: int,
        report: Callable[[str], None],
    ) -> None:
        self.count = count
        self.restarts = 0
        self._report = report
        self._stepping = False
        self._seats: list[Seat] = []
        try:
            for place in range(count):
                self._seats.append(Seat(config, place, repeat, self._failed))
        except BaseException:
            self.close()
            raise
        layout = self._seats[0].layout(count)
        self._table = Table(layout)
        self._table.start(seed)
        for seat in self._seats:
            seat.table = self._table
        self.actions = layout.actions
        self.observation: Mapping[str, Space] = spaces(layout.parts)

    def reset(self, seed: int | np.ndarray | None = None) -> Arrays:
        if self._stepping:
            self.receive()
        if seed is not None:
            self._table.start(seed)
        for seat in self._seats:
            seat.begin()
        return self._table.seen()

    def send(self, actions: np.ndarray) -> None:
        if self._stepping:
            raise ValueError("receive what the last actions gave before sending others")
        self._table.action[...] = checked(actions, self.count, len(self.actions))
        self._stepping = True

    def receive(self) -> Played:
        if not self._stepping:
            raise ValueError("send actions before receiving what they give")
        self._stepping = False
        for seat in self._seats:
            seat.play()
        return self._table.played()

    def close(self) -> None:
        for seat in self._seats:
            seat.close()

    def _failed(self, text: str) -> None:
        self.restarts += 1
        self._report(text)
