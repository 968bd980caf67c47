"""Experience, batch by batch: a feed that acts, and whose state goes into checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from genkit.family import Arrays
from genkit.randomness import uniform
from genkit.rl.experience import Annotation, Carry, Experience, Rollout, flat, host, nested
from genkit.rl.pipeline import Pipeline
from genkit.rl.replay import Replay
from genkit.rl.scores import Scores
from genkit.state import part

if TYPE_CHECKING:
    from genkit.models.agents.learner import AgentLearner

CARRY, SCORES, KEPT, NOTES, BEGUN = "carry/", "scores/", "replay/", "notes/", "begun"
ACT, BEGIN, REPLAY, WINDOWS = "rl/act", "rl/begin", "rl/replay", "rl/windows"


class Wanted(NamedTuple):
    """What heads learn from of earlier experience: whole stretches, frames before rewards."""

    stretches: bool = True
    windows: bool = False


def make_feed(learner: AgentLearner, seed: int) -> ActingFeed:
    """Acts in as many environments as the recipe says, as its `actors` say."""
    actors = learner.config.actors
    # Who acts while the network learns needs a network that stays as it is.
    network = learner.new_network() if actors.lag else learner.network
    rollout: Rollout
    if actors.kind == "ray":
        from genkit.rl.remote import RemoteRollout

        rollout = RemoteRollout(learner, network, learner.report)
    else:
        rollout = learner.rollout(learner.recipe.train.batch_size, 1.0, network)
    replay = make_replay(learner)
    wanted = Wanted(learner.replays, learner.windows)
    kept = (replay, wanted, learner.annotation(rollout.batch))
    if not actors.lag:
        return ActingFeed(rollout, seed, None, *kept, prepare=learner.calibrate)
    pipeline = Pipeline(
        rollout,
        network.variables,
        learner.network.variables,
        lambda k: act_noise(rollout, seed, k),
        actors.lag,
    )
    return ActingFeed(rollout, seed, pipeline, *kept, prepare=learner.calibrate)


def make_replay(learner: AgentLearner) -> Replay | None:
    """What is kept of earlier experience; None where no head wants it."""
    if not (learner.replays or learner.windows):
        return None
    config = learner.config
    return Replay(config.replay.capacity // config.unroll, config.inputs())


def act_noise(rollout: Rollout, seed: int, k: int) -> np.ndarray:
    """Uniform numbers of the stretch k, `(T, B, draws)`."""
    return uniform(seed, ACT, k, (rollout.steps, rollout.batch, rollout.draws))


class ActingFeed:
    """Batch k is the next stretch of experience.

    Args:
        rollout: acts. seed: of actions and environments.
        pipeline: acts ahead of learning, by that rollout; None to act when asked.
        replay: keeps experience; None where nobody wants it again.
        wanted: what of it.
        annotation: adds to experience what follows from whole episodes; None for nothing.
        prepare: called before the first batch.

    A batch holds `experience`; once the replay is full `replay` and perhaps `windows`; and
    `figures`: what is known of acting, to be told with the figures of the update.
    """

    def __init__(
        self,
        rollout: Rollout,
        seed: int,
        pipeline: Pipeline | None = None,
        replay: Replay | None = None,
        wanted: Wanted = Wanted(),  # noqa: B008 - it cannot change
        annotation: Annotation | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.rollout, self.seed, self.pipeline, self.replay = rollout, seed, pipeline, replay
        self.wanted, self.annotation, self.prepare = wanted, annotation, prepare
        self.scores = Scores(rollout.batch)
        # Whether a checkpoint holds all that is needed to go on as if nothing had happened.
        self.exact = rollout.exact and pipeline is None
        self._begun = 0  # how often episodes began everywhere
        self._carry: Carry | None = None

    def batch(self, k: int) -> Any:
        if self.prepare is not None:
            self.prepare()
            self.prepare = None
        began = time.perf_counter()
        if self.pipeline is None:
            self._carry, experience = self.rollout.run(
                self._now(), act_noise(self.rollout, self.seed, k)
            )
            waited = self.rollout.waited
        else:
            if self._carry is None:
                self.pipeline.begin(self._now(), k)
            experience = self.pipeline.take()
            waited = self.pipeline.waited
        self._count(experience)
        if self.annotation is not None:
            experience = {**experience, **self.annotation.add(experience)}
        found = {"experience": experience}
        if self.replay is not None:
            self.replay.add(experience)
            found |= self._replayed(self.replay, k)
        figures = {
            "acting_seconds": time.perf_counter() - began - waited,
            "waiting_seconds": waited,
            **self.scores.metrics(),
        }
        return {**found, "figures": figures}

    def whole(self) -> tuple[int, Any]:
        """Batches from the first one on, up to one with all that heads learn from: its number, and
        it."""
        k, batch = 0, self.batch(0)
        while self.replay is not None and not self.replay.full:
            k += 1
            batch = self.batch(k)
        return k, batch

    def _replayed(self, replay: Replay, k: int) -> dict[str, Any]:
        """What is learned once more in an update: nothing while there is more to come."""
        if not replay.full:
            return {}
        rows = self.rollout.batch
        found: dict[str, Any] = {}
        if self.wanted.stretches:
            found["replay"] = replay.sample(uniform(self.seed, REPLAY, k, (rows,)))
        if self.wanted.windows:
            windows = replay.windows(uniform(self.seed, WINDOWS, k, (rows, 2)))
            found |= {} if windows is None else {"windows": windows}
        return found

    def _count(self, experience: Experience) -> None:
        """Returns of episodes; those that were lost count for nothing."""
        lost = experience.pop("failed", None)
        begun = experience.pop("begun", None)
        if begun is not None:
            self.scores.forget(begun)
            if self.annotation is not None:
                self.annotation.forget(host(begun))
        over = host(experience["terminated"]) | host(experience["truncated"])
        self.scores.add(host(experience["reward"]), over, lost)

    def _now(self) -> Carry:
        if self._carry is None:
            shape = (self.rollout.batch, self.rollout.draws)
            self._carry = self.rollout.begin(uniform(self.seed, BEGIN, self._begun, shape))
            self._begun += 1
        return self._carry

    def save(self) -> Arrays:
        """Scores; and environments and what the network remembers, where they can be saved: else
        episodes begin anew when a run goes on."""
        found = {SCORES + name: x for name, x in self.scores.save().items()}
        if self.replay is not None:
            found |= {KEPT + name: x for name, x in self.replay.save().items()}
        if self.exact:
            found |= {CARRY + name: host(x) for name, x in flat(self._now()).items()}
        if self.annotation is not None:
            found |= {NOTES + name: x for name, x in self.annotation.save().items()}
        found[BEGUN] = np.array(self._begun)
        return found

    def restore(self, state: Arrays) -> None:
        self._begun = int(state[BEGUN])
        self.scores.restore(part(state, SCORES))
        if self.replay is not None:
            self.replay.restore(part(state, KEPT))
        if self.exact:
            carry = {name: ops.convert_to_tensor(x) for name, x in part(state, CARRY).items()}
            self._carry = nested(carry)
            if self.annotation is not None:
                self.annotation.restore(part(state, NOTES))
        else:
            self.scores.forget()

    def close(self) -> None:
        """End whatever acts elsewhere."""
        if self.pipeline is not None:
            self.pipeline.close()
        self.rollout.close()
