"""`genkit recipe show` and `genkit recipe copy`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from genkit.errors import UsageError
from genkit.recipe import catalogue
from genkit_cli import output
from genkit_cli.options import (
    RecipeType,
    json_option,
    overrides_option,
    resolved_option,
)


@click.group()
def command() -> None:
    """Show or copy a recipe."""


@command.command()
@click.argument("name", type=RecipeType())
@resolved_option
@overrides_option
@json_option
def show(name: str, resolved: bool, overrides: Sequence[str], as_json: bool) -> None:
    """Print the recipe NAME (a name or a path) as it is written, or resolved."""
    if overrides and not resolved:
        raise UsageError("-o changes the resolved recipe only; add --resolved")
    if resolved:
        text = resolved_text(name, overrides)
    else:
        text = catalogue.locate(name).read_text(encoding="utf-8")
    if as_json:
        output.emit({"recipe": name, "text": text})
    else:
        output.show(text.rstrip("\n"))


@command.command()
@click.argument("name", type=RecipeType())
@click.argument("dest", type=click.Path(path_type=Path), required=False)
@json_option
def copy(name: str, dest: Path | None, as_json: bool) -> None:
    """Copy the recipe NAME to DEST, a file or a folder, to change it there.

    Without DEST it goes to the current folder. Nothing is overwritten.
    """
    source = catalogue.locate(name)
    target = dest or Path()
    if target.is_dir():
        target = target / source.name
    if target.suffix not in catalogue.SUFFIXES:
        raise UsageError(f"a recipe's file ends in .yaml. Received: {target}")
    if not target.parent.is_dir():
        raise UsageError(f"no folder {target.parent}; make it first")
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(source.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{target} exists; it is not overwritten. Give another DEST.") from None
    if as_json:
        output.emit({"recipe": name, "file": str(target)})
    else:
        output.say(f"copied to {target}; train it with: genkit train {target}")


def resolved_text(name: str, overrides: Sequence[str] = ()) -> str:
    """A recipe, or a study, as YAML with defaults filled in."""
    from genkit.recipe import Recipe, dump, load
    from genkit.recipe.dumping import write

    found = load(name, overrides)
    return dump(found) if isinstance(found, Recipe) else write(found.as_dict())
