"""The learner of Nav A3C: heads that tell depth, loops and positions."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from genkit.models.agents.evaluation import Recorder
from genkit.models.agents.learner import AgentLearner
from genkit.models.agents.network import AgentNetwork, build_network
from genkit.models.nav_a3c.config import FORWARD
from genkit.models.nav_a3c.network import NavNetwork
from genkit.models.nav_a3c.notes import LoopNotes
from genkit.randomness import uniform
from genkit.rl.experience import Annotation, host
from genkit.rl.heads.base import Head
from genkit.rl.heads.depth import DepthPrediction
from genkit.rl.heads.loop_closure import LoopClosure
from genkit.rl.heads.position import PositionDecoder
from genkit.rl.heads.reward_prediction import RewardPrediction
from genkit.rl.navigation.maps import Rooms
from genkit.rl.policy import UNIFORM

LOOKS = 10  # stretches of random play that bins of depth are of
CALIBRATION = "rl/calibration"


class NavA3CLearner(AgentLearner):
    """An agent that finds its way (Mirowski et al., 2017, arXiv:1611.03673)."""

    def new_network(self) -> AgentNetwork:
        if not self.config.stacked:
            return super().new_network()
        given = (self.config, self.around.observation, len(self.actions))
        return build_network(*given, NavNetwork, ("stacked",))

    def make_head(self, name: str) -> Head:
        config, network = self.config, self.network
        if name in FORWARD:
            settings = getattr(config, FORWARD[name])
            early = name == "depth-1"
            return DepthPrediction(name, settings, network, "frames" if early else "features")
        if name == LoopClosure.name:
            return LoopClosure(config.loop_closure, network)
        if name == PositionDecoder.name:
            return PositionDecoder(config.position, network, self.rooms())
        if name == RewardPrediction.name:
            return RewardPrediction(config.reward_prediction, network)
        return super().make_head(name)

    def rooms(self) -> Rooms:
        """Of the maze, where positions lie; all its layouts have the same grid of them."""
        rooms: Rooms = self.section.maze_maps()[0].rooms
        return rooms

    def annotation(self, batch: int) -> Annotation | None:
        if LoopClosure.name not in self.config.heads:
            return None
        return LoopNotes(self.config.loop_closure, self.section.goal_reward(), batch)

    def calibrate(self) -> None:
        """Bins of depth hold equal shares of what random play sees."""
        heads = [head for head in self.heads if isinstance(head, DepthPrediction)]
        waiting = [head for head in heads if not head.calibrated]
        if not waiting:
            return
        with closing(self.rollout(self.recipe.train.batch_size, UNIFORM)) as rollout:
            shape, seed = (rollout.batch, rollout.draws), self.recipe.train.seed
            carry, seen = rollout.begin(uniform(seed, CALIBRATION, 0, shape)), []
            for k in range(1, LOOKS + 1):
                noise = uniform(seed, CALIBRATION, k, (rollout.steps, *shape))
                carry, experience = rollout.run(carry, noise)
                depth = host(experience["observation"]["depth"])[:-1]
                seen.append(depth.reshape(-1, *depth.shape[2:]))
        for head in waiting:
            head.calibrate(np.concatenate(seen))

    def recorder(self) -> Recorder | None:
        if "position" not in self.around.observation:
            return None
        from genkit.models.nav_a3c.measures import Measures

        return Measures(self)
