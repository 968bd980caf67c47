"""The learner of actor-critic agents."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genkit import backend
from genkit.errors import UsageError, unknown
from genkit.family import (
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import BaseLearner, GradientStep
from genkit.models.agents.acting import make_rollout, surroundings
from genkit.models.agents.feed import make_feed
from genkit.models.agents.generator import EpisodeGenerator
from genkit.models.agents.network import AgentNetwork, Unrolled, build_network
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.rl.experience import Experience, Rollout
from genkit.rl.heads.actor_critic import ActorCritic, ValueReplay
from genkit.rl.heads.base import Head, Learned, total_loss

MEASURED = 50  # updates that the speed is of


class AgentLearner(BaseLearner):
    """Acts and learns from it, stretch by stretch (arXiv:1602.01783, batched).

    Args:
        recipe, inputs: as for every learner.
    """

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config, self.section = recipe.model, recipe.data
        self.monitor = Monitor("mean_return", "max")
        self.around = surroundings(self.section)
        for part in self.config.sees:
            if part not in self.around.observation:
                problem = unknown("part of the observation", part, self.around.observation)
                raise UsageError(f"model.sees: {problem}")
        self.actions = self.around.actions
        self.network = self.new_network()
        self.heads = self.make_heads()
        layers = {name: layer for head in self.heads for name, layer in head.layers.items()}
        self.networks = {"network": self.network, **layers}
        self.steps = {"training": GradientStep(self.network, self.loss, recipe.train)}
        self._ends: deque[float] = deque(maxlen=MEASURED)

    def new_network(self) -> AgentNetwork:
        """A network with weights of its own."""
        return build_network(self.config, self.around.observation, len(self.actions))

    def make_heads(self) -> list[Head]:
        """What is learned."""
        heads: list[Head] = [ActorCritic(self.config)]
        if self.config.replay.value:
            heads.append(ValueReplay(self.config))
        return heads

    @property
    def replays(self) -> bool:
        """Whether a head learns from replayed experience."""
        return any(head.replays for head in self.heads)

    # Training

    def feed(self, split: str, seed: int) -> Feed:
        """Experience of the environment; there is one split only."""
        del split
        return make_feed(self, seed)

    def rollout(
        self,
        batch: int,
        temperature: float | str,
        network: AgentNetwork | None = None,
        everything: bool = False,
    ) -> Rollout:
        """Acts in a batch of environments by a network, this one's own if none is given, as it is
        at each moment; see `make_rollout`."""
        return make_rollout(
            self.section,
            self.config,
            self.around,
            self.network if network is None else network,
            batch,
            temperature,
            everything,
            self.report,
        )

    def report(self, text: str) -> None:
        """Told of environments and actors that failed and were made anew."""
        logging.getLogger(__name__).warning(text)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Of all heads.

        Args:
            batch: `experience`, and `replay` where a head wants it.
        """
        experience, replayed = batch["experience"], batch.get("replay")
        learned = Learned(
            experience,
            self.unrolled(experience),
            replayed,
            None if replayed is None else self.unrolled(replayed),
        )
        return total_loss(self.heads, learned)

    def unrolled(self, experience: Experience) -> Unrolled:
        """What the network makes of a stretch of experience."""
        found: Unrolled = self.network(
            experience["observation"],
            experience["previous_action"],
            experience["previous_reward"],
            experience["first"],
            experience["state"],
        )
        return found

    def update(self, batch: Any, noise: Noise) -> Metrics:
        del noise
        began = time.perf_counter()
        told = {"experience": self._needed(batch["experience"])}
        if self.replays:
            told["replay"] = batch["replay"]
        metrics = self.steps["training"](told)
        backend.synchronise(metrics)
        figures = dict(batch["figures"])
        learning = time.perf_counter() - began
        return {**metrics, **figures_of(figures, learning), **self._speed()}

    def _needed(self, experience: Experience) -> Experience:
        """Without parts of observations that the network does not see."""
        seen = {part: experience["observation"][part] for part in self.config.sees}
        return {**experience, "observation": seen}

    def _speed(self) -> dict[str, float]:
        """Agent steps a second of the last updates."""
        self._ends.append(time.perf_counter())
        if len(self._ends) < 2:
            return {}
        per_update = self.config.unroll * self.recipe.train.batch_size
        seconds = self._ends[-1] - self._ends[0]
        return {"agent_steps_per_second": per_update * (len(self._ends) - 1) / seconds}

    # Playing

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        from genkit.models.agents.evaluation import evaluate

        return evaluate(self, request, progress)

    def generator(self, settings: SampleSettings) -> Generator | None:
        return self.episodes(settings)

    def episodes(
        self,
        settings: SampleSettings,
        frames: bool = True,
        temperature: float | str | None = None,
    ) -> EpisodeGenerator:
        """Plays episodes; see `EpisodeGenerator`."""
        return EpisodeGenerator(
            lambda batch, played: self.rollout(batch, played, everything=frames),
            self.actions,
            settings,
            self.around.limit,
            frames,
            temperature,
        )

    def preview(self, count: int, seed: int) -> Sequence[Any]:
        from genkit.sampling.driver import sample_tile

        generator = self.episodes(SampleSettings(min(count, 4)))
        return sample_tile(generator, seed, range(min(count, 4)), [])

    # Proofs and speed

    def checks(self) -> Iterable[Check]:
        from genkit.models.agents.proofs import checks

        return checks(self)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.models.agents.timing import workloads

        return workloads(self, tiles)


def figures_of(figures: dict[str, float], learning: float) -> dict[str, float]:
    """Figures of acting and how the time of an update was spent, in percent."""
    acting, waiting = figures.pop("acting_seconds"), figures.pop("waiting_seconds")
    total = acting + waiting + learning
    return {
        **figures,
        "acting_percent": 100 * acting / total,
        "learning_percent": 100 * learning / total,
        "waiting_percent": 100 * waiting / total,
    }
