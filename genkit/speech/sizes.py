"""Widths of the linguistic features. Light: no NumPy."""

from __future__ import annotations

from genkit.speech.phones import ENDINGS, STRESSES, TONES

AROUND = (-2, -1, 0, 1, 2)  # phones whose identities are told
SYLLABLES_AROUND = 3  # before, own and after: stress and tone
COUNTS = 4 * 3 + 1 + 1 + len(ENDINGS)  # places, whether a vowel, what the phrase ends with
FRAME = 5  # what is told of a frame beside its phone
PITCH = 2  # log-F0 and voicing
PHASE = 2  # of the voice: at a frame's first sample, and from one sample to the next
# Logarithms of deviations are told in this scale among the features of a frame.
CENTRE, SPREAD = -5.0, 2.0


def phone_width(count: int) -> int:
    """Features of a phone where `count` phones are told apart."""
    return len(AROUND) * (count + 2) + SYLLABLES_AROUND * (STRESSES + TONES) + COUNTS


def frame_width(count: int, pitch: bool, phase: bool = False, order: int = 0) -> int:
    """Features of a frame; with log-F0 and voicing or without, with the phase or without, with a
    linear predictor of some order or without."""
    told = phone_width(count) + FRAME + (order + 1 if order else 0)
    return told + (PITCH if pitch else 0) + (PHASE if phase else 0)
