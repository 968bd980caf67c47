"""The runs that a WaveNet of linguistic features asks: durations, pitch and envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genkit.data.audio.attributes import vectors_in_words
from genkit.errors import UsageError

DURATIONS, PITCH, ENVELOPE = "durations", "pitch", "envelope"
TOLD = {
    DURATIONS: "how long phones last",
    PITCH: "how the pitch moves",
    ENVELOPE: "which envelopes frames have",
}


class SpeakingInputs:
    """Opens each run when it is first asked.

    Args:
        runs: name -> run; those that a recipe has.
    """

    def __init__(self, runs: Mapping[str, Any]) -> None:
        self.runs = runs
        self._opened: dict[str, Any] = {}
        self._digests: dict[str, str] = {}

    def learner(self, name: str) -> Any:
        """Of an input.

        Raises:
            UsageError: if the recipe has no such input.
        """
        if name not in self.runs:
            other = "" if name == ENVELOPE else (
                "it follows recordings only, --condition recording=test:0. "
            )  # fmt: skip
            raise UsageError(
                f"this run has no input '{name}', so it cannot tell {TOLD[name]}: {other}"
                f"Its recipe needs inputs: {{{name}: RUN}}"
            )
        if name not in self._opened:
            from genkit.opening import open_run
            from genkit.sampling.request import weights_digest

            run = self.runs[name]
            opened = open_run(run, run.recipe.eval.checkpoint)
            self._opened[name], self._digests[name] = opened.learner, weights_digest(opened)
        return self._opened[name]

    def digest(self, name: str) -> str:
        """Of an input's weights."""
        self.learner(name)
        return self._digests[name]

    def vector(self, name: str, row: Mapping[str, str]) -> np.ndarray | None:
        """Who speaks, as an input wants it, `(V,)`. What the row does not tell has one value."""
        names = self.learner(name).names
        if not names:
            return None
        found: np.ndarray = vectors_in_words([row], [0], names)[0]
        return found
