"""Which cells of a study belong together: rows of the table, points of the grid, draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genkit.recipe.study.naming import as_text

if TYPE_CHECKING:
    from genkit.recipe import Cell, Study


@dataclass(frozen=True)
class Group:
    """Cells that are taken together.

    Args:
        values: dotted name -> value, of what is varied and all of the cells share.
        cells: in the order of the study.
    """

    values: dict[str, Any]
    cells: list[Cell]


def rows(study: Study) -> list[Group]:
    """A group for each row of the table: seeds and what is averaged over are together."""
    return _grouped(study.cells(), study.average)


def points(study: Study) -> list[Group]:
    """A group for each point of the grid: as rows are, and its draws are together too."""
    return _grouped(study.cells(), [*study.average, *_drawn(study)])


def draws(study: Study, point: Group) -> list[list[Cell]]:
    """The cells of each draw at a point of the grid: they differ in seeds and in what is averaged.

    Few choices are drawn more than once; each time is a draw of its own.
    """
    drawn = _drawn(study)
    seen: Counter[str] = Counter()
    found: dict[str, list[Cell]] = {}
    for cell in point.cells:
        alike = as_text([dict(cell.overrides), cell.seed])
        values = {key: cell.overrides[key] for key in drawn}
        found.setdefault(as_text([values, seen[alike]]), []).append(cell)
        seen[alike] += 1
    return list(found.values())


def is_reference(study: Study, group: Group) -> bool:
    """Whether a point of the grid is the one that the others are compared with."""
    return bool(study.reference) and all(
        as_text(group.values[key]) == as_text(value) for key, value in study.reference.items()
    )


def _drawn(study: Study) -> list[str]:
    return list(study.config.random.ranges) if study.config.random else []


def _grouped(cells: Sequence[Cell], together: Collection[str]) -> list[Group]:
    """Groups in the order of their first cells; values named by `together` may differ in one."""
    found: dict[str, Group] = {}
    for cell in cells:
        values = {key: value for key, value in cell.overrides.items() if key not in together}
        found.setdefault(as_text(values), Group(values, [])).cells.append(cell)
    return list(found.values())
