"""Families and data sets by name. Entries are light; what they name is imported when used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from genkit.errors import UsageError, unknown
from genkit.family import Family, Paper


@dataclass(frozen=True)
class DatasetEntry:
    """A data set by name.

    Args:
        name: such as `digits`.
        kind: what an item is: `images`, `audio`, ....
        summary: one line.
        licence: as stated by its owner.
        citation: whom to cite.
        config: `module:Class` of the pydantic model of the recipe's `data` section.
        source: `module:function`, called with that config, returns the data set.
        builtin: True when no file has to be fetched.
    """

    name: str
    kind: str
    summary: str
    licence: str
    citation: str
    config: str
    source: str
    builtin: bool = True


Entry = TypeVar("Entry", Family, DatasetEntry)


def resolve(target: str) -> Any:
    """The object that `module:name` names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


class Registry(Generic[Entry]):
    """Entries by name, with an error that names the nearest one."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        if entry.name in self._entries:
            raise ValueError(f"{self.kind} '{entry.name}' is registered already")
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        del self._entries[name]

    def names(self) -> list[str]:
        return sorted(self._entries)

    def get(self, name: str) -> Entry:
        if name not in self._entries:
            raise UsageError(unknown(self.kind, name, self._entries))
        return self._entries[name]


families: Registry[Family] = Registry("family")
datasets: Registry[DatasetEntry] = Registry("data set")

families.add(
    Family(
        name="gated_pixelcnn",
        summary="Gated PixelCNN: images pixel by pixel, unconditional or by class",
        papers=(
            Paper(
                title="Conditional Image Generation with PixelCNN Decoders",
                authors="van den Oord, A. and Kalchbrenner, N. and Vinyals, O. and Espeholt, L. "
                "and Graves, A. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1606.05328",
            ),
        ),
        config="genkit.models.gated_pixelcnn.config:GatedPixelCNNConfig",
        learner="genkit.models.gated_pixelcnn.learner:GatedPixelCNNLearner",
        outlook="genkit.models.gated_pixelcnn.config:outlook",
        autoregressive=True,
        tiny={
            "grey": {
                "model": {"layers": 3, "width": 6, "first_kernel": 5, "kernel": 3, "head": 8},
                "data": {
                    "name": "textures",
                    "size": 6,
                    "levels": 5,
                    "train_count": 32,
                    "test_count": 8,
                },
            },
            "binary-conditional": {
                "model": {
                    "layers": 2,
                    "width": 4,
                    "first_kernel": 3,
                    "kernel": 3,
                    "head": 6,
                    "condition": "class",
                },
                "data": {
                    "name": "textures",
                    "size": 5,
                    "levels": 2,
                    "train_count": 32,
                    "test_count": 8,
                },
            },
            "colour": {
                "model": {"layers": 2, "width": 7, "first_kernel": 3, "kernel": 3, "head": 8},
                "data": {
                    "name": "textures",
                    "size": 4,
                    "levels": 4,
                    "channels": 3,
                    "train_count": 32,
                    "test_count": 8,
                },
            },
            "colour-conditional": {
                "model": {
                    "layers": 3,
                    "width": 8,
                    "first_kernel": 5,
                    "kernel": 5,
                    "head": 10,
                    "condition": "class",
                },
                "data": {
                    "name": "textures",
                    "size": 5,
                    "levels": 3,
                    "channels": 3,
                    "train_count": 32,
                    "test_count": 8,
                },
            },
        },
    )
)

datasets.add(
    DatasetEntry(
        name="digits",
        kind="images",
        summary="scikit-learn's handwritten digits: 1,797 images 8x8, 17 grey levels, 10 classes",
        licence="CC BY 4.0",
        citation="Alpaydin, E. and Kaynak, C., 1998. Optical Recognition of Handwritten Digits. "
        "UCI Machine Learning Repository, DOI 10.24432/C50P49",
        config="genkit.data.images.config:DigitsConfig",
        source="genkit.data.images.digits:load",
    )
)
datasets.add(
    DatasetEntry(
        name="textures",
        kind="images",
        summary="generated striped textures, grey or colour, any size, 2 to 256 levels, 4 classes",
        licence="generated, none needed",
        citation="none",
        config="genkit.data.images.config:TexturesConfig",
        source="genkit.data.images.textures:load",
    )
)
