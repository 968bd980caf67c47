"""The command `genkit`: its table of commands, imported when called, and its exit codes."""

from __future__ import annotations

from typing import NoReturn

import click

from genkit import __version__
from genkit_cli.frame import Genkit, LazyCommand, debug_option

EPILOG = "Start with: genkit list recipes, then genkit train RECIPE."

COMMANDS = {
    "train": LazyCommand("genkit_cli.train:command", "Train a recipe, or go on with its run."),
    "sample": LazyCommand("genkit_cli.sample:command", "Draw samples from a run."),
    "eval": LazyCommand("genkit_cli.evaluate:command", "Evaluate a run on a split."),
    "score": LazyCommand("genkit_cli.score:command", "Score items one by one with a run."),
    "list": LazyCommand("genkit_cli.listing:command", "List what there is, by name."),
    "info": LazyCommand("genkit_cli.info:command", "Tell about a family, recipe, data set or run."),
    "recipe": LazyCommand("genkit_cli.recipe:command", "Show or copy a recipe."),
    "validate": LazyCommand("genkit_cli.validate:command", "Check recipes; tell every problem."),
    "check": LazyCommand("genkit_cli.check:command", "Prove what a recipe or run must fulfil."),
    "bench": LazyCommand("genkit_cli.bench:command", "Time the samplers of a recipe or run."),
    "data": LazyCommand("genkit_cli.data:command", "List, get, prepare and verify data sets."),
    "env": LazyCommand("genkit_cli.env:command", "Tell versions and devices, for an issue."),
    "completion": LazyCommand("genkit_cli.completion:command", "Print a shell's completion."),
}


@click.group(
    "genkit",
    cls=Genkit,
    commands_table=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="genkit")
@debug_option
def cli() -> None:
    """Train, sample and evaluate the generative models of ten papers."""


def main() -> NoReturn:
    """Entry point of the console script."""
    cli.main(prog_name="genkit")
    raise SystemExit(0)  # `main` exits by itself; this is for the type checker
