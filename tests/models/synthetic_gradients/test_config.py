"""What recipes of cut networks may not ask for."""

from __future__ import annotations

from typing import Any

import pytest

from genkit.errors import RecipeError
from tests.cuts import CUTS


def refused(tiny: str = "dense", **sections: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        CUTS.recipe(tiny, **sections)
    return " ".join(problem.message for problem in caught.value.problems)


def test_cuts_by_name_and_by_list() -> None:
    def cuts(position: Any, depth: int = 5) -> tuple[int, ...]:
        found: tuple[int, ...] = CUTS.recipe(
            model={"position": position, "depth": depth}
        ).model.cuts()
        return found

    assert cuts("every") == (0, 1, 2, 3, 4)
    assert cuts("middle") == (2,)
    assert cuts("output") == (5,)
    assert cuts([1, 3]) == (1, 3)
    assert cuts("every", depth=0) == ()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"method": "critic", "module": {"kind": "linear"}}, "needs module.kind mlp"),
        ({"module": {"kind": "mlp", "search": True}}, "module.search"),
        ({"module": {"kind": "mlp", "hidden": []}}, "needs hidden layers"),
        ({"position": [3, 1]}, "rising"),
        ({"position": [9]}, "layers from 0 to 2"),
        ({"unlock": "both", "method": "bprop"}, "unlock both"),
        ({"unlock": "both", "position": [1, 2]}, "cuts below the output"),
        ({"method": "noprop", "position": "output"}, "cuts below the output"),
        ({"method": "fa", "warmup_bprop": 5}, "does not take back"),
        ({"recurrent": {}, "clocks": {}}, "give one"),
        ({"recurrent": {}, "method": "dfa"}, "noprop and sg"),
        ({"clocks": {}, "method": "dfa"}, "bprop, noprop and sg"),
        ({"recurrent": {}, "warmup_bprop": 9}, "Set: "),
        ({"recurrent": {}, "module": {"condition": True}}, "Set: "),
        ({"convolutions": [{"pool": 4}, {"pool": 4}]}, "smaller than a pixel"),
    ],
)
def test_what_does_not_go_together(model: dict[str, Any], said: str) -> None:
    assert said in refused(model=model)


def test_data_that_does_not_fit() -> None:
    assert "targets are numbers" in refused(
        "line", data={"base": "regression"}, model={"loss": "log"}
    )
    assert "no neighbours" in refused("line", model={"convolutions": [{"maps": 2}]})
    assert "needs model.recurrent" in refused("copy", model={"recurrent": None})


@pytest.mark.parametrize(
    "train", [{"accumulate": 2}, {"precision": "bfloat16"}, {"rematerialise": True}]
)
def test_training_that_is_not_known_here(train: dict[str, Any]) -> None:
    assert refused(train=train)
    assert refused("copy", train=train)


def test_references_are_cut_networks_of_such_items() -> None:
    def inputs(**named: str) -> str:
        with pytest.raises(RecipeError) as caught:
            CUTS.recipe(inputs=named)
        return " ".join(problem.message for problem in caught.value.problems)

    assert "Allowed: reference" in inputs(referense="synthetic_gradients/digits")
    for other in ("synthetic_gradients/digits", "synthetic_gradients/copy-task", "air/sprites"):
        assert "no cut network of items like these" in inputs(reference=other)
