"""Which cells of a study belong together."""

from __future__ import annotations

from pathlib import Path

from genkit.study import grouping
from tests.studies import study

WIDTHS = {"model.width": [2, 3]}
RATES = {"train.learning_rate": {"low": 0.01, "high": 0.1}}


def test_draws_of_a_point_are_together_and_rows_are_not(tmp_path: Path) -> None:
    made = study(tmp_path, grid=WIDTHS, random={"samples": 3, "ranges": RATES}, seeds=[0, 1])
    assert [len(group.cells) for group in grouping.rows(made)] == [2] * 6
    points = grouping.points(made)
    assert [(group.values, len(group.cells)) for group in points] == [
        ({"model.width": 2}, 6),
        ({"model.width": 3}, 6),
    ]
    for point in points:
        draws = grouping.draws(made, point)
        assert [[cell.seed for cell in cells] for cells in draws] == [[0, 1]] * 3
        rates = [{cell.overrides["train.learning_rate"] for cell in cells} for cells in draws]
        assert [len(rate) for rate in rates] == [1, 1, 1]
        assert len(set.union(*rates)) == 3


def test_what_is_averaged_is_within_a_draw(tmp_path: Path) -> None:
    made = study(
        tmp_path,
        grid={"data.noise": [0.0, 1.0], **WIDTHS},
        average=["data.noise"],
        random={"samples": 2, "ranges": RATES},
    )
    points = grouping.points(made)
    assert [list(point.values) for point in points] == [["model.width"]] * 2
    draws = grouping.draws(made, points[0])
    assert [[c.overrides["data.noise"] for c in cells] for cells in draws] == [[0.0, 1.0]] * 2


def test_one_choice_that_is_drawn_twice_is_two_draws(tmp_path: Path) -> None:
    choices = {"train.learning_rate": {"choices": [0.01]}}
    made = study(tmp_path, random={"samples": 3, "ranges": choices}, seeds=[0, 1])
    (point,) = grouping.points(made)
    draws = grouping.draws(made, point)
    assert [[cell.seed for cell in cells] for cells in draws] == [[0, 1]] * 3
    assert len({cell.name for cells in draws for cell in cells}) == 6
