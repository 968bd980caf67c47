"""The learner of actor-critic agents."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit import backend
from genkit.errors import UsageError, unknown
from genkit.family import (
    Check,
    Evaluation,
    EvaluationRequest,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import BaseLearner, GradientStep, Updater
from genkit.models.agents.acting import make_rollout, surroundings
from genkit.models.agents.feed import ActingFeed, make_feed
from genkit.models.agents.generator import PURPOSE, EpisodeGenerator
from genkit.models.agents.network import AgentNetwork, Unrolled, build_network
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.rl.experience import Annotation, Experience, Rollout, host
from genkit.rl.heads.actor_critic import ActorCritic, ValueReplay
from genkit.rl.heads.base import Head, Learned, total_loss

if TYPE_CHECKING:
    from genkit.models.agents.evaluation import Recorder

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
        for part in (*self.config.inputs(), *self.config.targets()):
            if part not in self.around.observation:
                problem = unknown("part of the observation", part, self.around.observation)
                key = "model.sees" if part in self.config.sees else "model"
                raise UsageError(f"{key}: {problem}")
        layout = {name: space.shape for name, space in self.around.observation.items()}
        for key, problem in (*self.config.too_small(layout), *self.config.unfit_heads(layout)):
            raise UsageError(f"{key}: {problem}")
        self.actions = self.around.actions
        self.network = self.new_network()
        self.heads = self.make_heads()
        learning = {"network": self.network}
        reading: dict[str, Any] = {}
        slow: dict[str, Any] = {}
        for head in self.heads:
            (learning if head.teaches else reading).update(head.networks())
            slow |= head.slow()
        self.networks = {**learning, **reading, **slow}
        if reading:
            weights = [w for one in reading.values() for w in one.trainable_variables]
            self.updaters = {"reading": Updater(weights, recipe.train)}
        assigned = [v for one in (*slow.values(), *reading.values()) for v in one.variables]
        networks, apart = list(learning.values()), self.updaters.get("reading")
        step = GradientStep(networks, self.loss, recipe.train, assigned, apart)
        self.steps = {"training": step}
        self._shown = backend.compile(self._shown_of, self.network_variables())
        self._spent: deque[float] = deque(maxlen=MEASURED)
        self._played: dict[Any, Rollout] = {}

    def new_network(self) -> AgentNetwork:
        """A network with weights of its own."""
        return build_network(self.config, self.around.observation, len(self.actions))

    def annotation(self, batch: int) -> Annotation | None:
        """What adds to experience of so many environments what follows from whole episodes, for
        heads that learn to tell it; None where none does."""
        del batch
        return None

    def make_heads(self) -> list[Head]:
        """What is learned, policy and value first."""
        return [ActorCritic(self.config), *(self.make_head(name) for name in self.config.heads)]

    def make_head(self, name: str) -> Head:
        """One of the heads that the section `model` offers."""
        if name == ValueReplay.name:
            return ValueReplay(self.config)
        raise ValueError(f"there is no head '{name}'")

    @property
    def replays(self) -> bool:
        """Whether a head learns from replayed stretches."""
        return any(head.replays for head in self.heads)

    @property
    def windows(self) -> bool:
        """Whether a head learns from frames before rewards."""
        return any(head.windows for head in self.heads)

    # Training

    def feed(self, split: str, seed: int) -> ActingFeed:
        """Experience of the environment; there is one split only."""
        del split
        return make_feed(self, seed)

    def calibrate(self) -> None:
        """Look at the environment, where a head has to before it can learn; called before the
        first batch of a feed."""

    def rollout(
        self,
        batch: int,
        temperature: float | str,
        network: AgentNetwork | None = None,
    ) -> Rollout:
        """Acts in a batch of environments by a network, this one's own if none is given, as it is
        at each moment; see `make_rollout`. Close it."""
        own = self.network if network is None else network
        return make_rollout(
            self.section, self.config, self.around, own, batch, temperature, report=self.report
        )

    def report(self, text: str) -> None:
        """Told of environments and actors that failed and were made anew."""
        logging.getLogger(__name__).warning(text)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Of all heads.

        Args:
            batch: `experience`; `replay` and `windows` where a head wants them and there are.
        """
        experience, replayed = batch["experience"], batch.get("replay")
        learned = Learned(
            experience,
            self.unrolled(experience),
            replayed,
            None if replayed is None else self.unrolled(replayed),
            batch.get("windows"),
        )
        return total_loss(self.heads, learned)

    def unrolled(self, experience: Experience) -> Unrolled:
        """What the network makes of a stretch of experience."""
        return self.network.unroll(experience)

    def update(self, batch: Any, noise: Noise) -> Metrics:
        del noise
        began = time.perf_counter()
        told = {"experience": self.needed(batch["experience"])}
        told |= {name: batch[name] for name in ("replay", "windows") if name in batch}
        metrics = self.steps["training"](told)
        backend.synchronise(metrics)
        learning = time.perf_counter() - began
        figures = dict(batch["figures"])
        acting, waiting = figures.pop("acting_seconds"), figures.pop("waiting_seconds")
        return {**metrics, **figures, **self._time(acting, learning, waiting)}

    def shown(self, experience: Experience) -> dict[str, np.ndarray]:
        """What films show of heads beside what is seen, by name, `(T, B, ...)`."""
        found = self._shown(self.needed(experience)) if len(self.heads) > 1 else {}
        return {name: host(x) for name, x in found.items()}

    def _shown_of(self, experience: Experience) -> dict[str, Any]:
        learned = Learned(experience, self.unrolled(experience))
        return {name: x for head in self.heads for name, x in head.shown(learned).items()}

    def network_variables(self) -> list[Any]:
        """Of the network and of all heads."""
        return [variable for one in self.networks.values() for variable in one.variables]

    def needed(self, experience: Experience) -> Experience:
        """Without parts of observations that nothing is learned from."""
        parts = dict.fromkeys((*self.config.inputs(), *self.config.targets()))
        seen = {part: experience["observation"][part] for part in parts}
        return {**experience, "observation": seen}

    def _time(self, acting: float, learning: float, waiting: float) -> dict[str, float]:
        """How the seconds of an update were spent, in percent, and agent steps a second of the
        last updates."""
        total = acting + learning + waiting
        self._spent.append(total)
        per_update = self.config.unroll * self.recipe.train.batch_size
        return {
            "acting_percent": 100 * acting / total,
            "learning_percent": 100 * learning / total,
            "waiting_percent": 100 * waiting / total,
            "agent_steps_per_second": per_update * len(self._spent) / sum(self._spent),
        }

    # Playing

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        from genkit.models.agents.evaluation import evaluate

        return evaluate(self, request, progress)

    def recorder(self) -> Recorder | None:
        """Measures more of the episodes of an evaluation than their returns; None for nothing."""
        return None

    def generator(self, settings: SampleSettings) -> Generator | None:
        return self.episodes(settings)

    def episodes(
        self,
        settings: SampleSettings,
        frames: bool = True,
        temperature: float | str | None = None,
        purpose: str = PURPOSE,
        measure: Callable[[Experience], Mapping[str, np.ndarray]] | None = None,
    ) -> EpisodeGenerator:
        """Plays episodes; see `EpisodeGenerator`. Close it.

        Args:
            measure: what is kept beside, where there are no films.
        """
        return EpisodeGenerator(
            lambda batch, played: self._playing(batch, played, frames or measure is not None),
            self.actions,
            settings,
            self.around.limit,
            frames,
            temperature,
            purpose,
            self.shown if frames else measure,
            self.annotation if frames or measure is not None else None,
        )

    def _playing(self, batch: int, temperature: float | str, frames: bool) -> Rollout:
        """A rollout that plays whole episodes; compiled once for each validation."""
        key = (batch, temperature, frames)
        if key not in self._played:
            self._played[key] = make_rollout(
                self.section.whole_games(),
                self.config,
                self.around,
                self.network,
                batch,
                temperature,
                frames,
                self.report,
            )
        return self._played[key].sibling()

    def preview(self, count: int, seed: int) -> Sequence[Any]:
        from genkit.sampling.driver import sample_tile

        generator = self.episodes(SampleSettings(min(count, 4)))
        with closing(generator):
            return sample_tile(generator, seed, range(min(count, 4)), [])

    # Proofs and speed

    @property
    def exact(self) -> bool:
        """Whether a run that goes on is the same to the last bit: environments can be saved, and
        nobody acts ahead or elsewhere."""
        actors = self.config.actors
        return self.around.arrays is not None and actors.kind == "inline" and not actors.lag

    def checks(self) -> Iterable[Check]:
        from genkit.models.agents.proofs import checks

        return checks(self)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.models.agents.timing import workloads

        return workloads(self, tiles)
