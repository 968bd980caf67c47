"""The learner of UNREAL: heads beside an actor-critic agent."""

from __future__ import annotations

from genkit.models.agents.learner import AgentLearner
from genkit.rl.heads.base import Head
from genkit.rl.heads.feature_control import FeatureControl
from genkit.rl.heads.input_reconstruction import InputReconstruction
from genkit.rl.heads.pixel_control import InputChange, PixelControl
from genkit.rl.heads.reward_prediction import RewardPrediction


class UnrealLearner(AgentLearner):
    """An actor-critic agent with auxiliary tasks (Jaderberg et al., 2017, arXiv:1611.05397)."""

    def make_head(self, name: str) -> Head:
        config, network = self.config, self.network
        if name == FeatureControl.name:
            return FeatureControl(config.feature_control, network, self.new_network)
        heads = {
            PixelControl.name: (PixelControl, config.pixel_control),
            RewardPrediction.name: (RewardPrediction, config.reward_prediction),
            InputReconstruction.name: (InputReconstruction, config.input_reconstruction),
            InputChange.name: (InputChange, config.input_change),
        }
        if name in heads:
            make, settings = heads[name]
            return make(settings, network)
        return super().make_head(name)
