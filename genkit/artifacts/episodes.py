"""Episodes of agents: an npz of what was done, and a film of each of the first ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genkit.artifacts.parts import Parts, collect_npz
from genkit.artifacts.pictures import png
from genkit.artifacts.play import film, still
from genkit.files import write_bytes

FILMS = 16  # episodes that have a GIF
SHOWN = 4  # episodes in the picture
SEEN = "observation/"


@dataclass(frozen=True)
class Episodes:
    """A batch of episodes, which may differ in length; arrays are as long as the longest.

    Args:
        observation: part -> `(N, T, ...)`, what was seen before each action.
        action: `(N, T)` int32. reward: `(N, T)` float32.
        values: `(N, T)` float32, that the agent gave to each state.
        policy: `(N, T, A)` float32, probabilities of actions.
        length: `(N,)` int64, steps of each.
        failed: `(N,)` bool, whether its environment was lost before its end.
        log_prob: `(N,)` float32, nats at temperature 1, of all its actions.
        index: `(N,)` int64, which sample of the job each one is.
        actions: their names.
    """

    kind: ClassVar[str] = "episodes"
    observation: Mapping[str, np.ndarray]
    action: np.ndarray
    reward: np.ndarray
    values: np.ndarray
    policy: np.ndarray
    length: np.ndarray
    failed: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    actions: Sequence[str]
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("action", "reward", "values", "policy", "length", "failed", "log_prob", "index")
        own = {name: getattr(self, name) for name in names}
        return {**own, **{SEEN + name: x for name, x in self.observation.items()}}

    def meta(self) -> dict[str, Any]:
        """What `collect` needs beside the arrays."""
        return {"actions": list(self.actions)}

    def save(self, folder: Path) -> list[Path]:
        """Films of the first episodes by place in the batch, `000000.gif` and so on; `grid.png`,
        their most rewarding moments; and `samples.npz` with length, return and log-probability of
        each, and whether it failed."""
        parts = Parts(len(self.action), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same files, of parts that need not fit in memory and differ in length."""
        folder.mkdir(parents=True, exist_ok=True)
        shown: list[dict[str, Any]] = []
        facts = _filmed(folder, parts, shown)
        files = collect_npz(folder, Parts(parts.count, parts.meta, facts, parts.say), name)
        picture = write_bytes(folder / "grid.png", png(still(shown, parts.meta["actions"])))
        films = [folder / film_name(i) for i in range(min(parts.count, FILMS))]
        return [*files, picture, *films]

    def preview(self) -> bytes:
        """PNG of the first episodes."""
        count = min(SHOWN, len(self.action))
        return png(still([_episode(self.arrays(), i) for i in range(count)], self.actions))

    def films(self) -> list[bytes]:
        """The first episodes as GIFs, to look at."""
        count = min(SHOWN, len(self.action))
        return [film(_episode(self.arrays(), i), self.actions) for i in range(count)]


def film_name(number: int) -> str:
    """Such as `000007.gif`."""
    return f"{number:06d}.gif"


def _episode(arrays: Mapping[str, np.ndarray], row: int) -> dict[str, Any]:
    """One episode without what is behind its end, parts of the observation by their own names."""
    end = int(arrays["length"][row])
    timed = ("action", "reward", "values", "policy")
    found = {n: x[row, :end] for n, x in arrays.items() if n in timed or n.startswith(SEEN)}
    return {name.removeprefix(SEEN): x for name, x in found.items()}


def _filmed(
    folder: Path, parts: Parts, shown: list[dict[str, Any]]
) -> Iterator[Mapping[str, np.ndarray]]:
    """What is known of each episode as a whole; films are written on the way."""
    number, actions = 0, parts.meta["actions"]
    for arrays in parts.each:
        for row in range(len(arrays["length"])):
            if number < FILMS:
                episode = _episode(arrays, row)
                write_bytes(folder / film_name(number), film(episode, actions))
                if len(shown) < SHOWN:
                    shown.append({name: x.copy() for name, x in episode.items()})
            number += 1
        inside = np.arange(arrays["reward"].shape[1]) < arrays["length"][:, None]
        yield {
            "index": arrays["index"],
            "length": arrays["length"],
            "failed": arrays["failed"],
            "log_prob": arrays["log_prob"],
            "return": (arrays["reward"] * inside).sum(axis=1, dtype=np.float64),
        }
