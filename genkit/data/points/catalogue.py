"""Toy problems by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DatasetEntry

ENTRIES = (
    DatasetEntry(
        name="toys",
        kind="points",
        summary="points with targets: a linear map, or two classes that a plane parts or does not",
        licence="generated, none needed",
        citation="none needed",
        config="genkit.data.points.config:ToysConfig",
        source="genkit.data.points.toys:load",
    ),
)
