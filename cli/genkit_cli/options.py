"""Arguments and options that several commands share, with their completion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from genkit.errors import unknown
from genkit.recipe import catalogue

MAX_SEED = 2**63 - 1


class Names(click.Choice[str]):
    """One of some names; an error tells the nearest."""

    def __init__(self, kind: str, names: Sequence[str]) -> None:
        super().__init__(names)
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(unknown(self.kind, str(value), self.choices), param, ctx)
        return str(value)


class RecipeType(click.ParamType):
    """A path or a name of a shipped recipe; completes both."""

    name = "recipe"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=catalogue.summary(name))
            for name in catalogue.names()
            if name.startswith(incomplete)
        ]
        return found or [CompletionItem(incomplete, type="file")]


class RunType(click.ParamType):
    """A path or a name below the folder of runs; completes both."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from genkit.run import list_runs

        found = [
            CompletionItem(run.name, help=run.recipe_name)
            for run in list_runs()
            if run.name.startswith(incomplete)
        ]
        return found or [CompletionItem(incomplete, type="dir")]


recipe_argument = click.argument("recipe", type=RecipeType())
run_argument = click.argument("run", type=RunType())

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line of output."
)
overrides_option = click.option(
    "-o",
    "--override",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a value by its dotted name, such as train.steps=1000. May be repeated.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), default=None, help="Seed of everything random."
)
steps_option = click.option(
    "--steps", type=click.IntRange(min=1), default=None, help="Total number of updates."
)
resolved_option = click.option(
    "--resolved", is_flag=True, help="With all it extends and all defaults filled in."
)


def _allow(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from genkit.rl.environments import imports

        imports.allow()


allow_import_option = click.option(
    "--allow-import",
    is_flag=True,
    expose_value=False,
    callback=_allow,
    help="Let the id of a Gymnasium environment (module:Name-v0) import its module: runs its code.",
)
checkpoint_option = click.option(
    "--checkpoint",
    default=None,
    metavar="best|last|STEP",
    help="Which weights. Default: what the recipe says, usually best.",
)
