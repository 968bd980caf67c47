"""A process that trains a throwaway learner; the tests kill and stop it.

Arguments: family, run directory, and JSON with `model` and `train` values. With `cli` before
them, the command line does it. Prints a line for each step.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from genkit.progress import Progress
from tests import learners


class Lines(Progress):
    """A line a step."""

    def __init__(self) -> None:
        self.at = 0

    def start(self, label: str, total: int, unit: str, initial: int = 0) -> None:
        self.at = initial

    def advance(self, count: int = 1, values: Mapping[str, float] | None = None) -> None:
        self.at += count
        print(f"step {self.at}", flush=True)


def main(arguments: list[str]) -> None:
    learners.register()
    if arguments[0] == "cli":
        from genkit_cli import bars
        from genkit_cli.main import cli

        bars.Bars = lambda: Lines()  # type: ignore[assignment,misc]  # to be seen from outside
        Lines.close = lambda self: None  # type: ignore[attr-defined]
        cli.main(arguments[1:], prog_name="genkit")
    family, folder, values = arguments
    options = json.loads(values)
    recipe = learners.recipe(family, options.get("model"), **options.get("train", {}))
    from genkit.training import train_recipe

    train_recipe(recipe, Path(folder), progress=Lines())


if __name__ == "__main__":
    main(sys.argv[1:])
