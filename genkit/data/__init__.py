"""Data sets by name: sources and readers. What a recipe's `data` section names."""

from __future__ import annotations

from typing import Any


def load(config: Any) -> Any:
    """The data set of a recipe's `data` section.

    Args:
        config: the validated section; its `name` selects the registry entry.
    """
    from genkit import registry  # which reads the catalogue of this package

    return registry.resolve(registry.datasets.get(config.name).source)(config)
