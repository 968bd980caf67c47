"""Sections of recipes that name Gymnasium's environments and Atari games. Light: no NumPy, no
Gymnasium."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from genkit.recipe.schema import Fraction
from genkit.rl.environments.outside import OutsideConfig, OutsideEnvironment, need

Pixels = Annotated[int, Field(ge=4, le=1024)]


class GymnasiumConfig(OutsideConfig):
    """An environment that is registered with Gymnasium and has numbered actions.

    Args:
        id: such as `CartPole-v1`. With a module before it (`module:Game-v0`) it imports that
            module, which has to be allowed.
        options: given to `gymnasium.make`.
        limit: steps of an episode; null for the environment's own.
        size: pixels, height and width, to which pictures are resized; null for their own.
        grey: whether pictures lose their colours.
    """

    name: Literal["gymnasium"] = "gymnasium"
    id: str
    options: dict[str, JsonValue] = Field(default_factory=dict)
    limit: Annotated[int, Field(ge=1)] | None = None
    size: Pixels | None = None
    grey: bool = False

    @model_validator(mode="after")
    def _one_limit(self) -> GymnasiumConfig:
        if self.limit is not None and "max_episode_steps" in self.options:
            raise ValueError("limit and options.max_episode_steps are the same; give one of them")
        return self

    def make(self) -> OutsideEnvironment:
        """The environment.

        Raises:
            UsageError: Gymnasium is missing, there is no such environment, it cannot be made with
                these options, or it has actions or observations of kinds that are not supported.
        """
        need("gymnasium", "rl", f"the environment '{self.id}'")
        from genkit.rl.environments.gymnasium_ids import make

        return make(self)


class AtariConfig(OutsideConfig):
    """An Atari game, seen as in the papers on DQN, A3C and UNREAL.

    Args:
        game: as the Arcade Learning Environment names it: `pong`, `ms_pacman` or `mspacman`.
        frame_skip: frames for which an action is held; a picture is the maximum of the last two.
        size: pixels, height and width; null for the screen's own.
        grey: luminance instead of colours.
        stack: pictures that an observation holds, along its channels, the oldest first.
        noop_max: an episode begins with 1 to so many frames without an action; 0 for none.
        sticky: probability that a frame repeats the last action instead of the one chosen.
        full_actions: all 18 actions instead of those that the game uses.
        episodic_life: whether the loss of a life ends an episode; the game goes on in the next.
        limit: frames of a game, those without an action included: 108,000 are 30 minutes.
    """

    name: Literal["atari"] = "atari"
    game: str
    frame_skip: Annotated[int, Field(ge=1, le=64)] = 4
    size: Pixels | None = 84
    grey: bool = True
    stack: Annotated[int, Field(ge=1, le=16)] = 4
    noop_max: Annotated[int, Field(ge=0, le=1_000)] = 30
    sticky: Fraction = 0.0
    full_actions: bool = False
    episodic_life: bool = False
    limit: Annotated[int, Field(ge=1)] = 108_000

    def make(self) -> OutsideEnvironment:
        """The environment.

        Raises:
            UsageError: what it needs is missing, or there is no such game.
        """
        need("gymnasium", "rl", f"the Atari game '{self.game}'")
        need("ale_py", "atari", f"the Atari game '{self.game}'")
        from genkit.rl.environments.atari import Atari

        return Atari(self)

    def whole_games(self) -> AtariConfig:
        """The same, but the loss of a life ends nothing."""
        return self.model_copy(update={"episodic_life": False})

    def reference_scores(self) -> tuple[float, float] | None:
        """Mean scores of a random and of a human player, where they are published."""
        from genkit.rl.human_scores import scores

        return scores(self.game)
