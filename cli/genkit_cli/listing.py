"""`genkit list`: what there is, by name. Imports no Keras and, without runs, no NumPy."""

from __future__ import annotations

from typing import Any

import click

from genkit import registry
from genkit.recipe import catalogue
from genkit_cli import output
from genkit_cli.options import Names, json_option

Row = dict[str, Any]


def families() -> list[Row]:
    entries = (registry.families.get(name) for name in registry.families.names())
    return [
        {"name": e.name, "summary": e.summary, "papers": [p.arxiv for p in e.papers]}
        for e in entries
    ]


def recipes() -> list[Row]:
    return [
        {"name": name, "kind": catalogue.kind(name), "summary": catalogue.summary(name)}
        for name in catalogue.names()
    ]


def datasets() -> list[Row]:
    entries = (registry.datasets.get(name) for name in registry.datasets.names())
    return [
        {
            "name": e.name,
            "kind": e.kind,
            "summary": e.summary,
            "licence": e.licence,
            "builtin": e.builtin,
        }
        for e in entries
    ]


def environments() -> list[Row]:
    entries = (registry.environments.get(name) for name in registry.environments.names())
    return [{"name": entry.name, "summary": entry.summary} for entry in entries]


def runs() -> list[Row]:
    from genkit.run import list_runs

    return [
        {
            "name": run.name,
            "path": str(run.path),
            "recipe": run.recipe_name,
            "step": run.step,
            "steps": run.steps,
            "complete": run.complete,
            "summary": f"{run.recipe_name}, step {run.step} of {run.steps}",
        }
        for run in list_runs()
    ]


KINDS = {
    "families": families,
    "recipes": recipes,
    "datasets": datasets,
    "environments": environments,
    "runs": runs,
}
EMPTY = {
    "families": "no families",
    "recipes": "no recipes",
    "datasets": "no data sets",
    "environments": "no environments",
    "runs": "no runs yet; make one with: genkit train RECIPE",
}


@click.command()
@click.argument("kind", type=Names("kind", list(KINDS)), required=False, metavar="[KIND]")
@json_option
def command(kind: str | None, as_json: bool) -> None:
    """List KIND: families, recipes, datasets, environments or runs; all without KIND."""
    found = {name: KINDS[name]() for name in ([kind] if kind else KINDS)}
    if as_json:
        output.emit(found)
        return
    for number, (name, rows) in enumerate(found.items()):
        if kind is None:
            output.show(("" if number == 0 else "\n") + name)
        lines = [(row["name"], row["summary"]) for row in rows]
        indent = "  " if kind is None else ""
        if lines:
            output.show(output.table(lines, indent))
        elif kind is None:
            output.show(f"  ({EMPTY[name]})")
        else:
            output.say(EMPTY[name])
