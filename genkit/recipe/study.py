"""A study: many runs of one recipe, over seeds, a grid and random draws."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit import randomness
from genkit.errors import GenkitError, Problem, RecipeError
from genkit.recipe import catalogue, loading, yaml_reader
from genkit.recipe.checking import KEYS, check, refused, validate
from genkit.recipe.explain import show
from genkit.recipe.merging import from_settings, merge
from genkit.recipe.schema import PositiveInt, Recipe, Section, Seed
from genkit.recipe.yaml_reader import Document, Location

MAX_CELLS = 1000
LONGEST_NAME = 120  # characters of a cell's name, which also names its folder
DIGITS = 6  # of drawn numbers, so that names stay short and platforms agree


class RangeConfig(Section):
    """What one value is drawn from: an interval, or `choices`.

    Args:
        low, high: the ends; both are drawn for whole numbers.
        scale: `log` draws the logarithm evenly.
        integer: draw whole numbers.
        choices: draw one of these instead.
    """

    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    integer: bool = False
    choices: Annotated[list[Any], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _either(self) -> RangeConfig:
        if self.choices is not None:
            if self.low is not None or self.high is not None:
                raise ValueError("give choices, or low and high, not both")
            return self
        if self.low is None or self.high is None:
            raise ValueError("needs low and high, or choices")
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be less than high ({self.high:g})")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"a log scale needs low above 0. Received: {self.low:g}")
        if self.integer and (self.low % 1 or self.high % 1):
            raise ValueError("low and high must be whole numbers where integer is true")
        return self


class RandomConfig(Section):
    """`samples` draws of every range; draw i is a function of (seed, name, i)."""

    samples: PositiveInt
    seed: Seed = 0
    ranges: Annotated[dict[str, RangeConfig], Field(min_length=1)]


class SuccessConfig(Section):
    """When a cell counts as a success."""

    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _one(self) -> SuccessConfig:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give either at_most or at_least")
        return self

    def reached(self, value: float) -> bool:
        """Whether a cell that measured `value` is a success; a value that is no number is none."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least


class StudyConfig(Section):
    """The document of a study.

    Args:
        recipe: name or path (relative to the study) of the recipe.
        overrides: dotted name -> value, for all cells.
        seeds: of training; empty for the recipe's own.
        grid: dotted name -> values; all combinations are run.
        random: values drawn at random; each draw meets each combination of the grid.
        metric, mode, split: what the table compares, and which way is better.
        success: when a cell counts as a success.
    """

    kind: Literal["study"] = "study"
    name: str = ""
    description: str = ""
    recipe: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    seeds: list[Seed] = Field(default_factory=list)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    random: RandomConfig | None = None
    metric: str
    mode: Literal["min", "max"] = "min"
    split: str = "test"
    success: SuccessConfig | None = None

    @model_validator(mode="after")
    def _distinct(self) -> StudyConfig:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds must differ. Received: {show(self.seeds)}")
        return self


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Args:
        name: such as `learning_rate=0.001,seed=0`: stable, and fit for a folder.
        overrides: what this cell sets, dotted name -> value.
        seed: seed of training.
        recipe: resolved.
    """

    name: str
    overrides: Mapping[str, Any]
    seed: int
    recipe: Recipe


@dataclass(frozen=True)
class Study:
    """A checked study; `config` is what it says, defaults filled in."""

    name: str
    config: StudyConfig
    _cells: tuple[Cell, ...] = field(repr=False)

    @property
    def description(self) -> str:
        return " ".join(self.config.description.split())

    @property
    def recipe(self) -> str:
        return self.config.recipe

    @property
    def metric(self) -> str:
        return self.config.metric

    @property
    def mode(self) -> Literal["min", "max"]:
        return self.config.mode

    @property
    def split(self) -> str:
        return self.config.split

    @property
    def success(self) -> SuccessConfig | None:
        return self.config.success

    def cells(self) -> list[Cell]:
        """All runs, in order: the grid's first name slowest, seeds fastest."""
        return list(self._cells)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, defaults filled in."""
        return {**self.config.model_dump(mode="json"), "name": self.name}


Settings = list[tuple[str, Any, Location]]


def build(document: Document, file: Path, options: Document, seed: int | None) -> Study:
    """Checks a study and the recipe of each of its cells.

    Args:
        document: the study's own document.
        file: where it was read.
        options: `-o` and `--steps`. Names of the study's own keys go to the study, all others
            to the recipe of every cell.
        seed: replaces `seeds`.

    Raises:
        RecipeError: with every problem of the study, its recipe and its cells.
    """
    source = yaml_reader.shown(file)
    own, shared = _split(options)
    document = _flattened(merge(document, own))
    if seed is not None:
        document = merge(document, from_settings([("seeds", [seed], Location(f"--seed {seed}"))]))
    config, problems = validate(StudyConfig, document, (), source)
    problems = [*document.problems, *shared.problems, *problems]
    base, found = _base(document, file)
    problems += found
    if config is None or base is None:
        if base is not None:
            problems += _problems_of(merge(base, shared), source)
        raise refused(source, problems)
    problems += _clashes(config, document, shared, source)
    if problems:
        raise refused(source, problems)
    cells, problems = _cells(config, document, base, shared, source)
    if problems:
        raise refused(source, problems)
    name = config.name or loading.name_of(file)
    return Study(name=name, config=config, _cells=tuple(cells))


def _split(options: Document) -> tuple[Document, Document]:
    """Options for the study itself, and for the recipe of its cells."""
    own = set(StudyConfig.model_fields) | {key for key in options.values if key not in KEYS}
    return _only(options, own, True), _only(options, own, False)


def _only(options: Document, keys: set[str], wanted: bool) -> Document:
    return Document(
        {k: v for k, v in options.values.items() if (k in keys) == wanted},
        {path: at for path, at in options.locations.items() if (path[0] in keys) == wanted},
        [] if wanted else list(options.problems),
    )


def _flattened(document: Document) -> Document:
    """`grid: {train: {steps: [1, 2]}}`, which `-o grid.train.steps=[1,2]` makes, with dots."""
    grid = document.values.get("grid")
    if not isinstance(grid, dict):
        return document
    flat: dict[str, Any] = {}
    places = {path: at for path, at in document.locations.items() if path[:1] != ("grid",)}
    if ("grid",) in document.locations:
        places[("grid",)] = document.locations[("grid",)]

    def visit(values: dict[str, Any], path: tuple[str, ...]) -> None:
        for key, value in values.items():
            here = (*path, key)
            if isinstance(value, dict):
                visit(value, here)
                continue
            dotted = ".".join(here)
            flat[dotted] = value
            for place, at in document.locations.items():
                if place[: len(here) + 1] == ("grid", *here):
                    places[("grid", dotted, *place[len(here) + 1 :])] = at

    visit(grid, ())
    return Document({**document.values, "grid": flat}, places, document.problems)


def _base(document: Document, file: Path) -> tuple[Document | None, list[Problem]]:
    """The document of the study's recipe."""
    reference, source = document.values.get("recipe"), yaml_reader.shown(file)
    if not isinstance(reference, str):
        return None, []  # told by the schema
    try:
        found = catalogue.locate(reference, file.parent)
        recipe = yaml_reader.read(found)
        if recipe.values.get("kind") == "study":
            message = f"'{reference}' is a study; a study is made of runs of one recipe"
            return None, [document.problem(message, ("recipe",), source)]
        base = loading.chain(recipe, found)
    except RecipeError as error:
        return None, list(error.problems) or [document.problem(error.message, ("recipe",), source)]
    except GenkitError as error:
        return None, [document.problem(error.message, ("recipe",), source)]
    if not base.values.get("name"):
        base = merge(base, from_settings([("name", loading.name_of(found), Location())]))
    return base, []


def _clashes(
    config: StudyConfig, document: Document, shared: Document, source: str
) -> list[Problem]:
    """Names that are set twice: which value counts would be anyone's guess."""
    places: list[tuple[str, tuple[str, ...]]] = [(key, ("grid", key)) for key in config.grid]
    places += [(key, ("overrides", key)) for key in config.overrides]
    if config.random:
        places += [(key, ("random", "ranges", key)) for key in config.random.ranges]
    if config.seeds:
        places.append(("train.seed", ("seeds",)))
    problems = []
    for (one, _), (other, path) in itertools.combinations(places, 2):
        if _overlap(one, other):
            message = f"is set twice in the study, as '{one}' and as '{other}'"
            problems.append(document.problem(message, path, source))
    varied = [key for key, path in places if path[0] != "overrides"]
    for written in shared.locations:
        for key in varied:
            if written == tuple(key.split(".")):
                message = f"is varied by the study; set {_setter(config, key)} instead"
                problems.append(shared.problem(message, written, source))
    return problems


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _setter(config: StudyConfig, key: str) -> str:
    if key == "train.seed" and config.seeds:
        return "seeds=[...]"
    return f"grid.{key}=[...]" if key in config.grid else "random.ranges"


def _cells(
    config: StudyConfig, document: Document, base: Document, shared: Document, source: str
) -> tuple[list[Cell], list[Problem]]:
    """All cells, with the problems of those that cannot be built."""
    common: Settings = [
        (key, value, document.locate(("overrides", key), source))
        for key, value in config.overrides.items()
    ]
    base = merge(merge(base, from_settings(common)), shared)
    total = _count(config)
    if total > MAX_CELLS:
        message = f"makes {total} cells; at most {MAX_CELLS} are allowed"
        return [], [document.problem(message, ("grid" if config.grid else "random",), source)]
    combinations = _combinations(config, document, source)
    short = _short_names([key for key, _, _ in combinations[0]])
    seeds: list[int | None] = [*config.seeds] or [None]
    cells: list[Cell] = []
    problems: list[Problem] = []
    for number, settings in enumerate(combinations):
        for seed in seeds:
            at = document.locate(("seeds",), source)
            seeded: Settings = [] if seed is None else [("train.seed", seed, at)]
            try:
                recipe = check(merge(base, from_settings([*settings, *seeded])), "recipe", source)
            except RecipeError as error:
                problems += error.problems
                continue
            overrides = {key: value for key, value, _ in settings}
            name = _name({short[k]: v for k, v in overrides.items()}, seed, number)
            cells.append(Cell(name, overrides, recipe.seed, recipe))
    return _distinct(cells), list(dict.fromkeys(problems))


def _count(config: StudyConfig) -> int:
    draws = config.random.samples if config.random else 1
    return math.prod(len(v) for v in config.grid.values()) * draws * max(1, len(config.seeds))


def _combinations(config: StudyConfig, document: Document, source: str) -> list[Settings]:
    grid: list[Settings] = [
        [
            (key, value, document.locate(("grid", key, str(i)), source))
            for i, value in enumerate(values)
        ]
        for key, values in config.grid.items()
    ]
    draws: list[Settings] = [[]]
    if config.random:
        draws = [_draw(config.random, i, document, source) for i in range(config.random.samples)]
    return [[*chosen, *drawn] for chosen in itertools.product(*grid) for drawn in draws]


def _draw(config: RandomConfig, index: int, document: Document, source: str) -> Settings:
    return [
        (
            key,
            draw(span, config.seed, key, index),
            document.locate(("random", "ranges", key), source),
        )
        for key, span in config.ranges.items()
    ]


def draw(span: RangeConfig, seed: int, name: str, index: int) -> Any:
    """Draw `index` of the value `name`: a function of its arguments alone."""
    u = float(randomness.uniform(seed, f"study/{name}", index, (1,))[0])
    if span.choices is not None:
        return span.choices[int(u * len(span.choices))]
    low, high = float(span.low or 0.0), float(span.high or 0.0)
    if span.integer:
        low, high = low - 0.5, high + 0.5  # every whole number has an interval of its own
    if span.scale == "log":
        value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    else:
        value = low + u * (high - low)
    if span.integer:
        return int(min(max(round(value), round(low + 0.5)), round(high - 0.5)))
    return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))


def _short_names(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each dotted name, or the whole where two would be alike."""
    last = [key.split(".")[-1] for key in keys]
    return {
        key: end if last.count(end) == 1 and end != "seed" else key
        for key, end in zip(keys, last, strict=True)
    }


def _name(values: Mapping[str, Any], seed: int | None, number: int) -> str:
    parts = [f"{key}={_word(value)}" for key, value in values.items()]
    parts += [] if seed is None else [f"seed={seed}"]
    name = ",".join(parts) or "base"
    if len(name) <= LONGEST_NAME:
        return name
    return f"cell-{number:04d}-{_digest(name)}" + (f",seed={seed}" if seed is not None else "")


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", text).strip("-.") or _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _distinct(cells: list[Cell]) -> list[Cell]:
    """Names made different where two values are written alike, or drawn twice."""
    seen: dict[str, int] = {}
    result = []
    for cell in cells:
        seen[cell.name] = seen.get(cell.name, 0) + 1
        again = seen[cell.name]
        name = cell.name if again == 1 else f"{cell.name},again={again}"
        result.append(Cell(name, cell.overrides, cell.seed, cell.recipe))
    return result


def _problems_of(document: Document, source: str) -> list[Problem]:
    try:
        check(document, "recipe", source)
    except RecipeError as error:
        return list(error.problems)
    return []
