"""The simulations by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DatasetEntry

_PHYSICS = "genkit.data.physics"
_LICENCE = "generated, none needed"
_CITATION = (
    "Battaglia, P. W. et al., 2016. Interaction Networks for Learning about Objects, Relations and "
    "Physics. arXiv:1612.00222"
)

ENTRIES = (
    DatasetEntry(
        name="nbody",
        kind="physics",
        summary="bodies under gravity, in orbits about a heavy one or anyhow, with energies",
        licence=_LICENCE,
        citation=_CITATION,
        config=f"{_PHYSICS}.config:NBodyConfig",
        source=f"{_PHYSICS}.dataset:load",
    ),
    DatasetEntry(
        name="balls",
        kind="physics",
        summary="balls of several masses, sizes and restitutions that bounce in a box",
        licence=_LICENCE,
        citation=_CITATION,
        config=f"{_PHYSICS}.config:BallsConfig",
        source=f"{_PHYSICS}.dataset:load",
    ),
    DatasetEntry(
        name="string",
        kind="physics",
        summary="a string of masses and springs that falls onto a fixed disc, pinned or not",
        licence=_LICENCE,
        citation=_CITATION,
        config=f"{_PHYSICS}.config:StringConfig",
        source=f"{_PHYSICS}.dataset:load",
    ),
)
