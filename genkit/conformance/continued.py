"""Goes on from a checkpoint in this process' backend: run as a module by `learner.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from genkit import registry
from genkit.data.catalogue import DatasetEntry
from genkit.family import Family
from genkit.rl.environments.catalogue import EnvironmentEntry


def main(folder: Path) -> None:
    """Print the metrics of `go_on` as one JSON object, from what `folder` holds."""
    family = TypeAdapter(Family).validate_json((folder / "family.json").read_bytes())
    if family.name not in registry.families.names():
        registry.families.add(family)
    kind: Any = EnvironmentEntry if family.acts else DatasetEntry
    source = TypeAdapter(kind).validate_json((folder / "source.json").read_bytes())
    known: Any = registry.sources(family.name)
    if source.name not in known.names():
        known.add(source)

    from genkit.building import build_learner
    from genkit.conformance.learner import go_on
    from genkit.recipe import from_mapping
    from genkit.run import checkpoint
    from genkit.state import LEARNER, part, put_back

    recipe = from_mapping(json.loads((folder / "recipe.json").read_text()), "checked")
    learner = build_learner(recipe)
    put_back(learner, part(checkpoint.load(folder, "last").arrays, LEARNER))
    sys.stdout.write(json.dumps(go_on(recipe, learner)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
