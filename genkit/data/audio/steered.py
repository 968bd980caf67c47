"""Models that attributes of recordings steer, such as speaker or voice. Light: no NumPy."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from genkit.recipe.schema import Section


class SteeredConfig(Section):
    """Part of a `model` section.

    Args:
        condition: attributes of the recordings that steer the whole model, such as `speaker`;
            `tags` may be several at once.
    """

    condition: list[str] = Field(default_factory=list)

    @field_validator("condition")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        if len(set(names)) != len(names):
            raise ValueError(f"condition names something twice. Received: {names}")
        return names

    def names(self, data: Any) -> dict[str, tuple[str, ...]]:
        """What steers the model: attribute -> its values by name."""
        known = data.vocabulary()
        return {name: known[name] for name in self.condition}

    def vector_width(self, data: Any) -> int:
        """Width of the global condition."""
        return sum(map(len, self.names(data).values()))

    def unknown_attributes(self, data: Any) -> list[tuple[str, str]]:
        """Conflicts: what the data set does not have."""
        found = []
        if len(set(self.condition)) != len(self.condition):
            found.append(("model.condition", f"names something twice. Received: {self.condition}"))
        known = data.vocabulary()
        for name in self.condition:
            if name not in known:
                there = ", ".join(known) or "none"
                hint = "; list data.speakers or data.tags" if data.name == "audio" else ""
                says = f"the data set has no '{name}'. It has: {there}{hint}"
                found.append(("model.condition", says))
        return found
