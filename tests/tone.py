"""A throwaway learner of sound, `tone`, and its registry entry. As a program: `genkit` with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from genkit.artifacts import Audio
from genkit.errors import UsageError
from genkit.family import Family, Forced, SampleSettings
from genkit.registry import families
from genkit.sampling.driver import sample_tile
from tests import learners
from tests.sampling.fake_sound import RATE, FakeSound

NAME = "tone"
# The recording of `--prime test`: a fifth of a second of one value.
PRIME, PRIME_VALUE = 1600, 200


class ToneLearner(learners.LineLearner):
    """Learns nothing of sound; each chunk takes `model.pause` seconds."""

    def generator(self, settings: SampleSettings) -> FakeSound:
        if settings.fold is not None:
            raise UsageError("--fold is for sound that follows a text. Leave it out.")
        return FakeSound(settings, self.recipe.model.pause)

    def primes(self, reference: str, keep: str | None) -> Forced:
        kept = PRIME if keep is None else round(float(keep) * RATE)
        values = np.full((1, PRIME), PRIME_VALUE, np.int32)
        return Forced(values, (np.arange(PRIME) < kept)[None].astype(np.uint8))

    def preview(self, count: int, seed: int) -> Sequence[Audio]:
        return sample_tile(FakeSound(count), seed, range(count), [{}] * count)


def register() -> None:
    learners.register()
    families.add(
        Family(
            name=NAME,
            summary="throwaway learner of sound",
            papers=(),
            config="tests.learners:ModelConfig",
            learner="tests.tone:ToneLearner",
            tiny={"small": {"model": {"width": 3}, "data": {"name": "points"}}},
        )
    )


def unregister() -> None:
    families.remove(NAME)
    learners.unregister()


@contextmanager
def registered() -> Iterator[None]:
    """The family for as long as this lasts."""
    register()
    try:
        yield
    finally:
        unregister()


if __name__ == "__main__":
    from genkit_cli.main import main

    register()
    main()
