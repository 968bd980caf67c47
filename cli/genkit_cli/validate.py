"""`genkit validate`: every problem of every recipe."""

from __future__ import annotations

from collections.abc import Sequence

import click

from genkit.errors import Problem, RecipeError, UsageError
from genkit.recipe import load
from genkit_cli import output
from genkit_cli.options import RecipeType, json_option, overrides_option, resolved_option
from genkit_cli.recipe import resolved_text


@click.command()
@click.argument("recipes", type=RecipeType(), nargs=-1, required=True, metavar="RECIPE...")
@resolved_option
@overrides_option
@json_option
def command(
    recipes: Sequence[str], resolved: bool, overrides: Sequence[str], as_json: bool
) -> None:
    """Check recipes and studies (names or paths) and tell every problem of all of them."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    wrong = 0
    for name in recipes:
        try:
            load(name, overrides)
            texts[name] = resolved_text(name, overrides) if resolved else ""
        except UsageError as error:
            wrong += 1
            problems += error.problems or [Problem(error.message, source=name)]
    if wrong:
        raise RecipeError(_count(wrong, len(recipes)), problems)
    if as_json:
        rows = [
            {"recipe": name, **({"text": text} if resolved else {})} for name, text in texts.items()
        ]
        output.emit({"valid": rows})
    elif resolved:
        output.show("---\n".join(texts.values()).rstrip("\n"))
    else:
        for name in texts:
            output.show(f"{name}: valid")


def _count(wrong: int, total: int) -> str:
    if total == 1:
        return "the recipe is not valid"
    return f"{wrong} of {total} recipes are not valid"
