"""How cells name the runs that a study trains for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genkit.errors import RunError
from genkit.run import Run, runs_root

if TYPE_CHECKING:
    from genkit.recipe import Cell
    from genkit.recipe.schema import Recipe


def cell_recipe(cell: Cell, path: Path) -> Recipe:
    """The recipe of a cell of the study at `path`, whose inputs name runs in that folder."""
    named = {name: _reference(path / item.path) for name, item in cell.inputs.items()}
    return cell.recipe.model_copy(update={"inputs": {**cell.recipe.inputs, **named}})


def _reference(path: Path) -> str:
    """How `Run.open` finds a run: by its name below the root of all runs, wherever that lies;
    elsewhere by its path."""
    root = runs_root().resolve()
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(path)


def cell_signature(cell: Cell) -> str:
    """The signature of a cell's run, also before the runs that it depends on exist.

    Raises:
        DataError: when files of a data set are missing.
        RecipeError: when a run that the study does not train cannot be found.
    """
    from genkit.building import input_runs, run_signature
    from genkit.data.fingerprint import fingerprint
    from genkit.recipe import signature

    others = {name: run for name, run in cell.recipe.inputs.items() if name not in cell.inputs}
    found = input_runs(cell.recipe.model_copy(update={"inputs": others}))
    signed = {name: run.signature for name, run in found.items()}
    signed |= {name: run_signature(item.recipe) for name, item in cell.inputs.items()}
    return signature(cell.recipe, signed, fingerprint(cell.recipe.data))


def check_inputs(cell: Cell, path: Path) -> None:
    """Refuse to go on with a run that began with other inputs.

    Its signature does not tell: an input may have been given more steps.

    Args:
        cell: as it is now.
        path: of its run.

    Raises:
        RunError: names both inputs.
    """
    if not cell.inputs or not (path / "metadata.json").exists():
        return
    before = Run.open(path).recipe.inputs
    for name, item in cell.inputs.items():
        old, new = Path(before.get(name, "none")).name, Path(item.path).name
        if old != new:
            raise RunError(
                f"{path} was trained with the input {name}/{old}, which is {name}/{new} now. "
                "Choose another folder with --run, or begin the study anew with --restart."
            )
