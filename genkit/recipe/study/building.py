"""From the document of a study to its cells, with every problem at once."""

from __future__ import annotations

import itertools
from pathlib import Path

from genkit.errors import Problem, RecipeError, unknown
from genkit.recipe import loading, yaml_reader
from genkit.recipe.checking import check, refused, validate
from genkit.recipe.merging import from_settings, merge
from genkit.recipe.schema import Recipe
from genkit.recipe.study.drawing import Settings, combinations, count
from genkit.recipe.study.inputs import CellInputs
from genkit.recipe.study.naming import cell_name, distinct, short_names
from genkit.recipe.study.options import flattened, split
from genkit.recipe.study.parts import Cell, Study, StudyInput
from genkit.recipe.study.reading import overlap, read_recipe
from genkit.recipe.study.reference import reference_problems
from genkit.recipe.study.schema import StudyConfig
from genkit.recipe.yaml_reader import Document, Location, Path_

MAX_CELLS = 1000


def build(document: Document, file: Path, options: Document, seed: int | None) -> Study:
    """Checks a study, the recipe of each of its cells, and those of the runs these depend on.

    Args:
        document: the study's own document.
        file: where it was read.
        options: `-o` and `--steps`. Names of the study's own keys go to the study, all others
            to the recipe of every cell.
        seed: replaces `seeds`.

    Raises:
        RecipeError: with every problem of the study, its recipes and its cells.
    """
    source = yaml_reader.shown(file)
    own, shared = split(options)
    document = flattened(merge(document, own))
    if seed is not None:
        document = merge(document, from_settings([("seeds", [seed], Location(f"--seed {seed}"))]))
    config, problems = validate(StudyConfig, document, (), source)
    problems = [*document.problems, *shared.problems, *problems]
    base, found = read_recipe(document, ("recipe",), file)
    problems += found
    inputs = CellInputs(document, file, config.inputs if config else None)
    if config is None or base is None:
        if base is not None:
            problems += _problems_of(merge(base, shared), source)
        raise refused(source, [*problems, *inputs.problems])
    problems += _clashes(config, document, shared, source)
    problems += _table_problems(config, document, source)
    problems += reference_problems(config, document, source)
    if problems:
        raise refused(source, [*problems, *inputs.problems])
    cells = _Cells(config, document, merge(_common(config, document, base, source), shared), inputs)
    made = cells.make(source)
    if cells.problems or inputs.problems:
        raise refused(source, [*cells.problems, *inputs.problems])
    return Study(name=config.name or loading.name_of(file), config=config, _cells=tuple(made))


def _clashes(
    config: StudyConfig, document: Document, shared: Document, source: str
) -> list[Problem]:
    """Names that are set twice: which value counts would be anyone's guess."""
    places: list[tuple[str, Path_]] = [(key, ("grid", key)) for key in config.grid]
    places += [(key, ("overrides", key)) for key in config.overrides]
    if config.random:
        places += [(key, ("random", "ranges", key)) for key in config.random.ranges]
    if config.seeds:
        places.append(("train.seed", ("seeds",)))
    places += [(f"inputs.{name}", ("inputs", name)) for name in config.inputs]
    problems = _set_twice(places, "is set twice in the study", document, source)
    for name in config.inputs:
        problems += _input_clashes(config, name, document, source)
    varied = [key for key, path in places if path[0] != "overrides"]
    for written in shared.locations:
        for key in varied:
            if written == tuple(key.split(".")):
                says = "is trained by" if written[0] == "inputs" else "is varied by"
                message = f"{says} the study; set {_setter(config, key)} instead"
                problems.append(shared.problem(message, written, source))
    return problems


def _input_clashes(
    config: StudyConfig, name: str, document: Document, source: str
) -> list[Problem]:
    item, at = config.inputs[name], ("inputs", name)
    places: list[tuple[str, Path_]] = [
        (key, (*at, "share", str(number))) for number, key in enumerate(item.share)
    ]
    places += [(key, (*at, "overrides", key)) for key in item.overrides]
    return _set_twice(places, f"is set twice for input '{name}'", document, source)


def _set_twice(
    places: list[tuple[str, Path_]], says: str, document: Document, source: str
) -> list[Problem]:
    return [
        document.problem(f"{says}, as '{one}' and as '{other}'", path, source)
        for (one, _), (other, path) in itertools.combinations(places, 2)
        if overlap(one, other)
    ]


def _setter(config: StudyConfig, key: str) -> str:
    if key.startswith("inputs."):
        return f"{key}.recipe=..."
    if key == "train.seed" and config.seeds:
        return "seeds=[...]"
    return f"grid.{key}=[...]" if key in config.grid else "random.ranges"


def _table_problems(config: StudyConfig, document: Document, source: str) -> list[Problem]:
    """Rows and columns of the table that cannot be."""
    problems = [
        document.problem(unknown("name of the grid", key, config.grid), ("average", str(i)), source)
        for i, key in enumerate(config.average)
        if key not in config.grid
    ]
    if config.metric in config.also:
        path = ("also", str(config.also.index(config.metric)))
        problems.append(document.problem("is the study's `metric` already", path, source))
    return problems


def _common(config: StudyConfig, document: Document, base: Document, source: str) -> Document:
    """The recipe with what the study sets in all cells."""
    settings: Settings = [
        (key, value, document.locate(("overrides", key), source))
        for key, value in config.overrides.items()
    ]
    return merge(base, from_settings(settings))


class _Cells:
    """Makes the cells of a study, and collects the problems of those that cannot be built.

    Args:
        config, document: the study.
        base: the recipe with all that cells have in common.
        inputs: makes the inputs of each.
    """

    def __init__(
        self, config: StudyConfig, document: Document, base: Document, inputs: CellInputs
    ) -> None:
        self.config = config
        self.document = document
        self.base = base
        self.inputs = inputs
        self.problems: list[Problem] = []

    def make(self, source: str) -> list[Cell]:
        config = self.config
        total = count(config)
        if total > MAX_CELLS:
            message = f"makes {total} cells; at most {MAX_CELLS} are allowed"
            path = ("grid" if config.grid else "random",)
            self.problems.append(self.document.problem(message, path, source))
            return []
        settings = combinations(config, self.document, source)
        short = short_names([key for key, _, _ in settings[0]])
        seeds: list[int | None] = [*config.seeds] or [None]
        at = self.document.locate(("seeds",), source)
        cells = []
        for (number, chosen), seed in itertools.product(enumerate(settings), seeds):
            seeded: Settings = [] if seed is None else [("train.seed", seed, at)]
            found = self._recipe([*chosen, *seeded], source)
            if found is None:
                continue
            recipe, inputs = found
            overrides = {key: value for key, value, _ in chosen}
            name = cell_name({short[k]: v for k, v in overrides.items()}, seed, number)
            cells.append(Cell(name, overrides, recipe.seed, recipe, inputs))
        if not cells:
            self.inputs.alone()
        return distinct(cells)

    def _recipe(
        self, settings: Settings, source: str
    ) -> tuple[Recipe, dict[str, StudyInput]] | None:
        """The recipe of a cell and its inputs.

        The values that an input shares are those of the resolved recipe, and some conflicts of
        the recipe are those with its inputs: so it is checked before they are known, and after.
        """
        from genkit.building import coming_inputs

        document = self.inputs.pending(merge(self.base, from_settings(settings)))
        try:
            recipe = check(document, "recipe", source)
            inputs = self.inputs.of(recipe, [key for key, _, _ in settings])
            if inputs:
                paths = {name: item.path for name, item in inputs.items()}
                with coming_inputs({item.path: item.recipe for item in inputs.values()}):
                    recipe = check(self.inputs.named(document, paths), "recipe", source)
        except RecipeError as error:
            self.problems += error.problems
            return None
        return recipe, inputs


def _problems_of(document: Document, source: str) -> list[Problem]:
    try:
        check(document, "recipe", source)
    except RecipeError as error:
        return list(error.problems)
    return []
