"""Tiny learners of a family for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from genkit.registry import families


class Tiny:
    """What the registry's tiny configurations of a family give.

    Args:
        family: its name. default: the configuration that is meant where none is named.
    """

    def __init__(self, family: str, default: str) -> None:
        self.family, self.default = family, default
        self.sections = families.get(family).tiny
        self._shared: dict[tuple[str, str], Any] = {}

    def recipe(self, tiny: str = "", **sections: Mapping[str, Any]) -> Any:
        """A checked tiny recipe; what is given overrides its values."""
        from genkit.recipe import from_mapping

        own = self.sections[tiny or self.default]
        values: dict[str, Any] = {"name": f"{self.family}/test", "family": self.family}
        for key in {*own, *sections}:
            values[key] = {**own.get(key, {}), **sections.get(key, {})}
        return from_mapping(values, f"{self.family}/test")

    def fresh(self, tiny: str = "", **sections: Any) -> Any:
        """A new learner of `recipe(...)`."""
        from genkit.building import build_learner

        return build_learner(self.recipe(tiny, **sections))

    def learner(self, tiny: str = "", **sections: Any) -> Any:
        """The one learner of these settings: do not change its weights."""
        key = tiny or self.default, json.dumps(sections, sort_keys=True)
        if key not in self._shared:
            self._shared[key] = self.fresh(tiny, **sections)
        return self._shared[key]
