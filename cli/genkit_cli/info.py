"""`genkit info`: what is known about a family, recipe, data set or run, without Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from genkit import registry
from genkit.errors import GenkitError, UsageError, unknown
from genkit.recipe import catalogue
from genkit_cli import output
from genkit_cli.options import json_option, overrides_option

Facts = dict[str, Any]


class _NameType(click.ParamType):
    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in _all_names() if name.startswith(incomplete)]


@click.command()
@click.argument("name", type=_NameType())
@click.option("--bibtex", is_flag=True, help="Print the papers of a family as BibTeX.")
@overrides_option
@json_option
def command(name: str, bibtex: bool, overrides: Sequence[str], as_json: bool) -> None:
    """Tell about NAME: a family, a data set, a recipe (name or path) or a run.

    Of a recipe: its size, memory, receptive field and time, estimated without building it.
    """
    kind, describe = _find(name, overrides)
    if bibtex:
        _show_bibtex(name, kind)
        return
    if overrides and kind != "recipe":
        raise UsageError(f"-o goes with a recipe; '{name}' is a {kind}")
    facts = describe()
    if as_json:
        output.emit({"kind": kind, **facts})
    else:
        output.show(f"{facts.pop('name')} ({kind})")
        output.show(output.table(_rows(facts)))


def _find(name: str, overrides: Sequence[str]) -> tuple[str, Callable[[], Facts]]:
    """What `name` is, and what tells about it."""
    if name in registry.families.names():
        return "family", lambda: _family(name)
    if name in registry.datasets.names():
        return "data set", lambda: _dataset(name)
    if name in registry.environments.names():
        return "environment", lambda: _environment(name)
    if name in catalogue.names() or name.endswith(catalogue.SUFFIXES) or Path(name).is_file():
        return "recipe", lambda: _recipe(name, overrides)
    if _is_run(name):
        return "run", lambda: _run(name)
    if "/" in name and not name.startswith((".", "/")):
        catalogue.path(name)  # tells the nearest recipe
    raise UsageError(unknown("name", name, _all_names()))


def _all_names() -> list[str]:
    runs = [run.name for run in _runs()]
    kinds = (registry.families, registry.datasets, registry.environments, catalogue)
    return [*(name for kind in kinds for name in kind.names()), *runs]


def _runs() -> Sequence[Any]:
    from genkit.run import list_runs

    return list_runs()


def _is_run(name: str) -> bool:
    from genkit.run import Run

    try:
        Run.open(name)
    except UsageError:
        return False
    return True


def _family(name: str) -> Facts:
    entry = registry.families.get(name)
    recipes = [n for n in catalogue.names("recipe") if n.startswith(f"{name}/")]
    return {
        "name": entry.name,
        "summary": entry.summary,
        "papers": [paper.citation() for paper in entry.papers],
        "resume": entry.resume,
        "recipes": recipes,
    }


def _dataset(name: str) -> Facts:
    entry = registry.datasets.get(name)
    return {
        "name": entry.name,
        "summary": entry.summary,
        "holds": entry.kind,
        "licence": entry.licence,
        "citation": entry.citation,
        "builtin": entry.builtin,
    }


def _environment(name: str) -> Facts:
    entry = registry.environments.get(name)
    section = registry.resolve(entry.config)
    facts = {"name": entry.name, "summary": entry.summary}
    if not entry.builtin:
        return {**facts, "needs": f"genkit-keras[{entry.extra}]", "options": _options(section)}
    import genkit.backend  # noqa: F401 - what it makes imports Keras, whose noise this hides

    made = section().make()
    spaces = {part: f"{space.dtype} {space.shape}" for part, space in made.observation.items()}
    return {
        **facts,
        "actions": list(made.actions),
        "observation": spaces,
        "limit": f"{made.limit} steps",
        "options": _options(section),
    }


def _options(section: Any) -> dict[str, Any]:
    """Name and default of each option."""
    fields = {name: info for name, info in section.model_fields.items() if name != "name"}
    return {
        name: "(required)" if info.is_required() else info.get_default(call_default_factory=True)
        for name, info in fields.items()
    }


def _recipe(reference: str, overrides: Sequence[str]) -> Facts:
    from genkit.recipe import Recipe, load

    found = load(reference, overrides)
    if not isinstance(found, Recipe):
        return {
            "name": found.name,
            "description": found.description,
            "recipe": found.recipe,
            "cells": [cell.name for cell in found.cells()],
            "metric": f"{found.metric} ({found.mode}) on {found.split}",
        }
    values = found.as_dict()
    return {
        "name": found.name,
        "description": found.description,
        "family": found.family,
        "model": values["model"],
        "data": values["data"],
        "train": {k: values["train"][k] for k in ("steps", "batch_size", "learning_rate", "seed")},
        "signature": _signature(found),
        "outlook": _outlook(found),
    }


def _signature(recipe: Any) -> str:
    """The first digits, which name the run's folder; they depend on the data's files."""
    from genkit.building import run_signature

    try:
        return run_signature(recipe)[:8]
    except GenkitError:
        return "not known before its data and inputs are there"


def _outlook(recipe: Any) -> Facts:
    """The family's estimates of a recipe: parameters, memory, receptive field, time."""
    target = registry.families.get(recipe.family).outlook
    return dict(registry.resolve(target)(recipe)) if target else {}


def _run(reference: str) -> Facts:
    from genkit.run import Run

    run = Run.open(reference)
    recipe = run.recipe
    return {
        "name": run.name,
        "path": str(run.path),
        "recipe": run.recipe_name,
        "signature": run.signature[:8],
        "step": f"{run.step} of {recipe.train.steps}",
        "seed": recipe.seed,
        "outlook": _outlook(recipe),
    }


def _show_bibtex(name: str, kind: str) -> None:
    if kind != "family":
        raise UsageError(f"--bibtex goes with a family; '{name}' is a {kind}")
    for paper in registry.families.get(name).papers:
        output.show(paper.bibtex())


def _rows(facts: Facts) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in facts.items():
        if key == "outlook":
            rows += [_estimate(name, part) for name, part in value.items()]
        elif isinstance(value, dict):
            parts = ", ".join(f"{name} {_word(part)}" for name, part in value.items())
            rows.append((key, parts))
        elif isinstance(value, list):
            rows += [(key if i == 0 else "", str(part)) for i, part in enumerate(value)]
        elif value != "":
            rows.append((key, _word(value)))
    return rows


def _estimate(name: str, value: Any) -> tuple[str, str]:
    if name.endswith("_bytes"):
        return name.removesuffix("_bytes").replace("_", " "), f"about {output.bytes_text(value)}"
    if "_seconds" in name:
        label = name.replace("_seconds", "_time").replace("_", " ")
        return label, f"about {output.seconds_text(value)}"
    return name.replace("_", " "), _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"({', '.join(f'{name} {_word(part)}' for name, part in value.items())})"
    if isinstance(value, list):
        return " ".join(map(_word, value)) or "none"
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
