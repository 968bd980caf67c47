"""Episodes of agents: an npz of what was done, and a film of each of the first ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genkit.artifacts.panels import AUXILIARY
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
        auxiliary: name -> what an auxiliary head said at each step, or what was true of it. A map,
            `(N, T, h, w)` float; up to 8 numbers between 0 and 1, `(N, T, k)` float; or a picture,
            `(N, T, h, w, c)` uint8. NaN where nothing is known. Maps called `x`, `x-true` and
            `x-predicted` are compared: they are shown side by side, on one scale.
        labels: name -> what each of its k numbers is.

    Raises:
        ValueError: if something auxiliary is none of these.
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
    auxiliary: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, x in self.auxiliary.items():
            if x.ndim not in (3, 4, 5) or (x.dtype == np.uint8) != (x.ndim == 5):
                raise ValueError(
                    f"auxiliary '{name}': numbers (N, T, k) or a map (N, T, h, w), float, or a "
                    f"picture (N, T, h, w, c), uint8, expected. Received: {x.dtype}{x.shape}"
                )

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("action", "reward", "values", "policy", "length", "failed", "log_prob", "index")
        own = {name: getattr(self, name) for name in names}
        seen = {SEEN + name: x for name, x in self.observation.items()}
        said = {AUXILIARY + name: x for name, x in self.auxiliary.items()}
        return {**own, **seen, **said}

    def meta(self) -> dict[str, Any]:
        """What `collect` needs beside the arrays."""
        labels = {name: list(each) for name, each in self.labels.items()}
        return {"actions": list(self.actions), **({"labels": labels} if labels else {})}

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
        picture = write_bytes(folder / "grid.png", png(still(shown, *_names(parts.meta))))
        films = [folder / film_name(i) for i in range(min(parts.count, FILMS))]
        return [*files, picture, *films]

    def preview(self) -> bytes:
        """PNG of the first episodes."""
        count = min(SHOWN, len(self.action))
        shown = [_episode(self.arrays(), i) for i in range(count)]
        return png(still(shown, self.actions, self.labels))

    def films(self) -> list[bytes]:
        """The first episodes as GIFs, to look at."""
        count = min(SHOWN, len(self.action))
        episodes = [_episode(self.arrays(), i) for i in range(count)]
        return [film(episode, self.actions, self.labels) for episode in episodes]


def film_name(number: int) -> str:
    """Such as `000007.gif`."""
    return f"{number:06d}.gif"


def _names(meta: Mapping[str, Any]) -> tuple[Sequence[str], Mapping[str, Sequence[str]]]:
    """Of actions, and of what auxiliary heads say, where they do."""
    return meta["actions"], meta.get("labels", {})


def _episode(arrays: Mapping[str, np.ndarray], row: int) -> dict[str, Any]:
    """One episode without what is behind its end, parts of the observation by their own names.
    What is auxiliary keeps its prefix: it may be called as a part is."""
    end = int(arrays["length"][row])
    timed, many = ("action", "reward", "values", "policy"), (SEEN, AUXILIARY)
    found = {n: x[row, :end] for n, x in arrays.items() if n in timed or n.startswith(many)}
    return {name.removeprefix(SEEN): x for name, x in found.items()}


def _filmed(
    folder: Path, parts: Parts, shown: list[dict[str, Any]]
) -> Iterator[Mapping[str, np.ndarray]]:
    """What is known of each episode as a whole; films are written on the way."""
    number, names = 0, _names(parts.meta)
    for arrays in parts.each:
        for row in range(len(arrays["length"])):
            if number < FILMS:
                episode = _episode(arrays, row)
                write_bytes(folder / film_name(number), film(episode, *names))
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
