"""What the heads of UNREAL cost: agent steps a second of training with each of them, beside A3C.

    python benchmarks/heads.py [--recipe unreal/maze-raycast] [--rounds 15] [-o key=value]...

All agents take turns, update by update, so that what slows the machine slows all of them. A stretch
that is replayed is unrolled once for all heads; the last line unrolls one for each head instead.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from genkit import backend
from genkit.building import build_learner
from genkit.learning import GradientStep
from genkit.randomness import Noise, uniform
from genkit.recipe import load_recipe
from genkit.rl.heads.base import Learned

HEADS: dict[str, list[str]] = {
    "A3C": [],
    "value replay": ["value-replay"],
    "reward prediction": ["reward-prediction"],
    "pixel control": ["pixel-control"],
    "feature control": ["feature-control"],
    "input reconstruction": ["input-reconstruction"],
    "input change": ["input-change"],
    "UNREAL": ["pixel-control", "reward-prediction", "value-replay"],
}
APART = "UNREAL, a stretch for each head"


class Timed:
    """An agent whose updates are timed, acting and learning."""

    def __init__(self, recipe: str, overrides: list[str], heads: list[str]) -> None:
        named = f"model.heads=[{', '.join(heads)}]"
        self.learner: Any = build_learner(load_recipe(recipe, [*overrides, named]))
        self.feed = self.learner.feed("train", 0)
        done, batch = self.feed.whole()
        self.learner.update(batch, Noise(0, 0))
        self.k = done + 1
        self.times: list[float] = []

    def run(self) -> None:
        """One more update."""
        began = time.perf_counter()
        backend.synchronise(self.update(self.feed.batch(self.k))["loss"])
        self.times.append(time.perf_counter() - began)
        self.k += 1

    def update(self, batch: Any) -> Any:
        return self.learner.update(batch, Noise(0, self.k))

    def rate(self) -> float:
        """Agent steps a second, by the middle one of the times."""
        steps = self.learner.config.unroll * self.learner.recipe.train.batch_size
        return float(steps / statistics.median(self.times[2:]))


class Apart(Timed):
    """Each head that replays has a stretch of its own, unrolled for it alone."""

    def __init__(self, recipe: str, overrides: list[str], heads: list[str]) -> None:
        super().__init__(recipe, overrides, heads)
        learner = self.learner
        networks = list(learner.networks.values())
        self.step = GradientStep(networks, self._loss, learner.recipe.train)
        self.update({**self.feed.batch(self.k), "figures": {}})

    def _loss(self, batch: Any) -> Any:
        learner, found = self.learner, batch["experience"]
        loss: Any = 0.0
        newest = learner.unrolled(found)
        for head, stretch in zip(learner.heads, batch["stretches"], strict=True):
            unrolled = learner.unrolled(stretch) if head.replays else None
            own = Learned(found, newest, stretch, unrolled, batch["windows"])
            loss = loss + head.loss(own)[0]
        return loss, {}

    def update(self, batch: Any) -> Any:
        replay, rows = self.feed.replay, self.feed.rollout.batch
        stretches = [
            replay.sample(uniform(0, "bench", self.k, (rows,), stream=i))
            for i, _ in enumerate(self.learner.heads)
        ]
        needed = self.learner.needed(batch["experience"])
        return self.step(
            {"experience": needed, "stretches": stretches, "windows": batch["windows"]}
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="unreal/maze-raycast")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("-o", dest="overrides", action="append", default=[])
    given = parser.parse_args()
    agents = {name: Timed(given.recipe, given.overrides, heads) for name, heads in HEADS.items()}
    agents[APART] = Apart(given.recipe, given.overrides, HEADS["UNREAL"])
    for _ in range(given.rounds):
        for agent in agents.values():
            agent.run()
    plain = agents["A3C"].rate()
    print("| agent | agent steps a second | A3C makes so many times as many |")
    print("| --- | --- | --- |")
    for name, agent in agents.items():
        print(f"| {name} | {agent.rate():,.0f} | {plain / agent.rate():.2f} |")
        agent.feed.close()


if __name__ == "__main__":
    main()
