"""The recipes that come with genkit, by name such as `gated_pixelcnn/digits`.

Importing this module is cheap, and so is `summary`: `genkit list` uses it for every recipe.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from genkit.errors import UsageError, unknown

SUFFIXES = (".yaml", ".yml")
_SUFFIX = ".yaml"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
# `description: text` on one line, plain or quoted: nearly every recipe, and 100 times faster to
# find than by parsing. Anything else is left to the parser.
_DESCRIPTION = re.compile(r"""^description:[ ]+(?![|>&*!{\[])(.+?)[ ]*$""", re.MULTILINE)
_KIND = re.compile(r"^kind:[ ]+study\b", re.MULTILINE)


@cache
def root() -> Path:
    """The folder of the shipped recipes: inside an installed package, or of the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def names(kind: str | None = None) -> list[str]:
    """Names of all shipped recipes and studies; `kind` `recipe` or `study` keeps one sort."""
    base = root()
    found = []
    for file in base.rglob(f"*{_SUFFIX}"):
        name = file.relative_to(base).with_suffix("").as_posix()
        if _inside(file) and _NAME.fullmatch(name) and kind in (None, _kind_of(file)):
            found.append(name)
    return sorted(found)


def path(name: str) -> Path:
    """The file of the shipped recipe `name`.

    Raises:
        UsageError: when there is none, naming the nearest; or when `name` leaves the folder.
    """
    file = root() / f"{name}{_SUFFIX}"
    if _NAME.fullmatch(name) and file.is_file():
        if not _inside(file):
            raise UsageError(f"recipe '{name}' is a link out of the folder of recipes")
        return file
    if ".." in name.split("/") or name.startswith("/"):
        raise UsageError(
            f"no recipe '{name}': a name stays within the shipped recipes. "
            f"Give a file as a path that ends in {_SUFFIX}."
        )
    if (root() / name).is_dir() and _NAME.fullmatch(name):
        within = ", ".join(n for n in names() if n.startswith(f"{name}/"))
        raise UsageError(f"'{name}' is a folder of recipes. Allowed: {within}.")
    raise UsageError(_unknown(name))


def summary(name: str) -> str:
    """The `description` of a shipped recipe; empty where there is none."""
    text = path(name).read_text(encoding="utf-8")
    simple = _DESCRIPTION.search(text)
    if simple and simple[1][0] not in "'\"" and " #" not in simple[1]:
        return simple[1]
    if "description" not in text:
        return ""
    from genkit.recipe import yaml_reader

    values = yaml_reader.parse(text, name).values
    found = values.get("description", "") if isinstance(values, dict) else ""
    return " ".join(str(found or "").split())


def kind(name: str) -> str:
    """`recipe` or `study`."""
    return _kind_of(path(name))


def name_of(file: Path) -> str | None:
    """The name of a file among the shipped recipes, or None."""
    resolved = file.resolve()
    base = root().resolve()
    if not resolved.is_relative_to(base) or resolved.suffix != _SUFFIX:
        return None
    return resolved.relative_to(base).with_suffix("").as_posix()


def locate(reference: str, relative_to: Path | None = None) -> Path:
    """The file a reference means: a path, or the name of a shipped recipe.

    Args:
        reference: a path ends in .yaml or .yml, or is an existing file; anything else is a name.
        relative_to: the folder that relative paths start from; the current one by default.

    Raises:
        UsageError: when there is no such file or name.
    """
    if not reference or "\0" in reference:
        raise UsageError(f"a recipe is a path or a name. Received: {reference!r}")
    file = Path(reference) if relative_to is None else relative_to / reference
    if file.is_file():
        return file
    if reference.endswith(SUFFIXES):
        stem = reference.removesuffix(".yaml").removesuffix(".yml")
        hint = f" The shipped recipe is named '{stem}'." if stem in names() else ""
        raise UsageError(f"no file '{reference}'.{hint}")
    if file.is_dir() and not (root() / reference).is_dir():
        raise UsageError(f"'{reference}' is a folder; name a recipe's file.")
    return path(reference)


def _inside(file: Path) -> bool:
    return file.resolve().is_relative_to(root().resolve())


def _kind_of(file: Path) -> str:
    return "study" if _KIND.search(file.read_text(encoding="utf-8")) else "recipe"


def _unknown(name: str) -> str:
    available = names()
    # `digits` for `gated_pixelcnn/digits`: what follows the family is what people remember.
    same_end = [n for n in available if n.split("/")[-1] == name.split("/")[-1]]
    if same_end and name not in available:
        return (
            f"unknown recipe '{name}'. Did you mean '{same_end[0]}'? "
            f"Allowed: {', '.join(available) or 'none'}."
        )
    return unknown("recipe", name, available)
