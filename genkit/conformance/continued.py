"""Goes on from a checkpoint in this process' backend: run as a module by `learner.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from genkit import registry
from genkit.data.catalogue import DatasetEntry
from genkit.family import Family


def main(folder: Path) -> None:
    """Print the metrics of `go_on` as one JSON object, from what `folder` holds."""
    family = TypeAdapter(Family).validate_json((folder / "family.json").read_bytes())
    if family.name not in registry.families.names():
        registry.families.add(family)
    dataset = TypeAdapter(DatasetEntry).validate_json((folder / "dataset.json").read_bytes())
    if dataset.name not in registry.datasets.names():
        registry.datasets.add(dataset)

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
