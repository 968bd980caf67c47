"""From sound to codes and back: the mu-law, and pre-emphasis before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkit.data.audio.mulaw import FULL_SCALE, decode, encode


@dataclass(frozen=True)
class Codec:
    """Codes of sound, with its high frequencies raised before and lowered again behind.

    Errors of codes are white, and voices are not: they are much weaker above 2 kHz than below.
    With y_t = x_t - emphasis x_{t-1} in place of x, errors are heard through
    1 / (1 - emphasis / z) and fall as voices do. LPCNet (Valin and Skoglund, 2019,
    arXiv:1810.11846) does so with 0.85 and 8-bit codes. 0 is the paper's mu-law alone.

    Args:
        levels: number of codes. emphasis: 0 to less than 1.
    """

    levels: int
    emphasis: float = 0.0

    def encode(self, sound: np.ndarray) -> np.ndarray:
        """Codes `(..., T)` int32 of PCM `(..., T)` int16; nothing is before the first sample."""
        if not self.emphasis:
            return encode(sound, self.levels)
        raised = sound / FULL_SCALE
        raised[..., 1:] -= self.emphasis * raised[..., :-1]
        return encode(raised, self.levels)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Sound `(..., T)` float64, full scale 1, of codes; nothing is before the first one."""
        return self.following(codes, np.zeros((*np.shape(codes)[:-1], 1)))[0]

    def following(self, codes: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sound of codes behind others, and the state behind it.

        Args:
            codes: `(..., T)`. state: `(..., 1)`, zeros at the beginning.
        """
        sound = decode(codes, self.levels).astype(np.float64)
        if not self.emphasis:
            return sound, state
        from scipy.signal import lfilter

        return lfilter([1.0], [1.0, -self.emphasis], sound, axis=-1, zi=state)
