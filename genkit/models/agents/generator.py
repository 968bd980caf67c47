"""Episodes as samples: each row of a tile plays one, to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts.episodes import SEEN, Episodes
from genkit.artifacts.panels import AUXILIARY
from genkit.errors import UsageError
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.randomness import uniform
from genkit.rl.experience import Annotation, Experience, Rollout, host
from genkit.rl.heads.config import CLASSES

PURPOSE = "rl/episodes"
LABELS = {"reward-prediction": CLASSES}  # of numbers that films show

MakeRollout = Callable[[int, float | str], Rollout]


class EpisodeGenerator:
    """Plays episodes; episode i is a function of weights, settings, seed and i.

    Args:
        make: of a batch and a temperature the rollout that plays.
        actions: their names.
        settings: tile and temperature; 0 plays greedily.
        limit: steps after which an episode is left.
        frames: whether what was seen is kept, for films.
        temperature: in the place of that of the settings, such as `uniform`.
        purpose: of the numbers that are drawn; other ones give other episodes.
        shown: of a stretch of experience what is kept beside, for films or to be measured, by name,
            `(T, B, ...)`; None for nothing.
        annotate: makes what adds to experience what follows from whole episodes, for a batch; see
            `AgentLearner.annotation`; None for nothing.

    Tiles may be drawn side by side, by rollouts of their own.
    """

    chunks: int | None = None

    def __init__(
        self,
        make: MakeRollout,
        actions: Sequence[str],
        settings: SampleSettings,
        limit: int,
        frames: bool = True,
        temperature: float | str | None = None,
        purpose: str = PURPOSE,
        shown: Callable[[Experience], Mapping[str, np.ndarray]] | None = None,
        annotate: Callable[[int], Annotation | None] | None = None,
    ) -> None:
        _refuse(settings)
        self.settings, self.actions, self.frames = settings, tuple(actions), frames
        self.limit, self.purpose, self.shown, self.annotate = limit, purpose, shown, annotate
        played = settings.temperature if temperature is None else temperature
        self.rollout = make(settings.tile, played)
        self._every, self._free = [self.rollout], [self.rollout]

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        for row in rows:
            if row:
                raise UsageError("--condition: an agent's episodes take none")
        return {}

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, T + 1, n)`: the first row is for the beginning, where that is to come."""
        shape = (self.rollout.steps + 1, self.rollout.draws)
        return np.stack(
            [uniform(seed, self.purpose, index, shape, stream=chunk) for index in indices]
        )

    def begin(self, conditions: Arrays) -> Any:
        """Environments begin in the first chunk, which has noise."""
        return None

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        """The next steps of all episodes; those that are over are played on and not kept."""
        if state is None:
            rollout = self._taken()
            carry = rollout.begin(np.ascontiguousarray(noise[:, 0]))
            going = np.ones(len(noise), bool)
            state = {"rollout": rollout, "carry": carry, "going": going, "steps": 0}
            state["annotation"] = self.annotate(rollout.batch) if self.annotate else None
        rollout = state["rollout"]
        steps = np.ascontiguousarray(np.swapaxes(noise[:, 1:], 0, 1))
        carry, experience = rollout.run(state["carry"], steps)
        if state["annotation"] is not None:
            experience = {**experience, **state["annotation"].add(experience)}
        ended = host(experience["terminated"]) | host(experience["truncated"])
        # A step counts where the episode was not over before it.
        before = np.concatenate([~state["going"][None], ended[:-1]]).cumsum(axis=0) > 0
        going = state["going"] & ~ended.any(axis=0)
        done_steps = state["steps"] + len(ended)
        extras = self._extras(experience, ~before)
        log_prob = np.log(np.maximum(_chosen(extras), 1e-38)) * extras["counts"]
        following = {**state, "carry": carry, "going": going, "steps": done_steps}
        done = not going.any() or done_steps >= self.limit
        if done:
            self._free.append(rollout)
        return Chunk(extras["action"], log_prob, following, done, extras)

    def close(self) -> None:
        """Stop whatever else is running for it."""
        for rollout in self._every:
            rollout.close()

    def _taken(self) -> Rollout:
        """A rollout that no other tile uses."""
        try:
            return self._free.pop()
        except IndexError:
            self._every.append(self.rollout.sibling())
            return self._every[-1]

    def _extras(self, experience: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
        found = {name: host(experience[name]) for name in ("action", "reward", "values")}
        found["policy"] = _softmax(host(experience["logits"]))
        found["counts"] = counts
        lost = experience.get("failed")
        found["failed"] = np.zeros_like(counts) if lost is None else host(lost) & counts
        if self.frames:
            for name, x in experience["observation"].items():
                found[SEEN + name] = host(x)[:-1]
        if self.shown is not None:
            found |= {AUXILIARY + name: x for name, x in self.shown(experience).items()}
        return {name: np.swapaxes(x, 0, 1) for name, x in found.items()}

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Episodes]:
        """The episodes of a tile; padding rows are left out."""
        count = len(indices)
        names = list(chunks[0].extras)
        whole = {n: np.concatenate([c.extras[n] for c in chunks], axis=1) for n in names}
        length = whole.pop("counts").sum(axis=1)
        failed = np.any(whole.pop("failed"), axis=1)
        longest = int(length[:count].max())
        log_prob = np.concatenate([c.log_prob for c in chunks], axis=1).sum(axis=1)
        cut = {name: x[:count, :longest] for name, x in whole.items()}

        def named(prefix: str) -> dict[str, np.ndarray]:
            return {n.removeprefix(prefix): x for n, x in cut.items() if n.startswith(prefix)}

        return [
            Episodes(
                observation=named(SEEN),
                auxiliary=named(AUXILIARY),
                labels=LABELS,
                length=length[:count].astype(np.int64),
                failed=np.asarray(failed)[:count],
                log_prob=log_prob[:count].astype(np.float32),
                index=np.asarray(indices, np.int64),
                actions=self.actions,
                action=cut["action"],
                reward=cut["reward"],
                values=cut["values"],
                policy=cut["policy"],
            )
        ]


def _refuse(settings: SampleSettings) -> None:
    asked = {
        "--top-k": settings.top_k is not None,
        "--top-p": settings.top_p is not None,
        f"--sampler {settings.sampler}": settings.sampler != "incremental",
    }
    for name, given in asked.items():
        if given:
            raise UsageError(f"{name}: an agent's actions know --temperature only")


def _chosen(extras: Mapping[str, np.ndarray]) -> np.ndarray:
    """Probability of each action that was taken."""
    policy, action = extras["policy"], extras["action"]
    return np.take_along_axis(policy, action[..., None].astype(np.int64), axis=-1)[..., 0]


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)
