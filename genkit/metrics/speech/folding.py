"""The customary table of 39 phones for the 61 labels of TIMIT.

Lee and Hon, 1989, "Speaker-independent phone recognition using hidden Markov models", table I,
as it is used since: closures and pauses are one silence, the glottal stop q is left out.
"""

from __future__ import annotations

_MERGED = {
    "aa": ("aa", "ao"),
    "ah": ("ah", "ax", "ax-h"),
    "er": ("er", "axr"),
    "hh": ("hh", "hv"),
    "ih": ("ih", "ix"),
    "l": ("l", "el"),
    "m": ("m", "em"),
    "n": ("n", "en", "nx"),
    "ng": ("ng", "eng"),
    "sh": ("sh", "zh"),
    "uw": ("uw", "ux"),
    "sil": ("pcl", "tcl", "kcl", "bcl", "dcl", "gcl", "h#", "pau", "epi"),
}
_KEPT = "iy eh ae uh ay oy ey ow aw r w y dx jh ch z s dh th f v b d g p t k"

TIMIT_39: dict[str, str | None] = {
    **{label: folded for folded, labels in _MERGED.items() for label in labels},
    **{label: label for label in _KEPT.split()},
    "q": None,
}
