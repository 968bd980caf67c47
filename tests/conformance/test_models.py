"""The conformance suite holds for every tiny configuration of every autoregressive family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from genkit.building import build_learner
from genkit.family import Check
from genkit.recipe import from_mapping
from genkit.registry import families

pytestmark = pytest.mark.backends

CASES = [
    pytest.param(name, sections, id=f"{name}-{key}")
    for name in families.names()
    if families.get(name).autoregressive
    for key, sections in families.get(name).tiny.items()
]
PROVED = {
    "causality_gradient",
    "causality_change",
    "receptive_field_missing",
    "incremental_logits",
    "xla_logits",
    "sampler_differences",
    "log_prob",
    "forced_changes",
    "repeat_differences",
    "near_ties",
}


def test_there_are_autoregressive_families_and_each_has_tiny_configurations() -> None:
    assert len(CASES) >= 4
    for name in families.names():
        assert families.get(name).tiny, f"family '{name}' has no tiny configuration"


@pytest.mark.parametrize(("family", "sections"), CASES)
def test_every_check_passes(family: str, sections: Mapping[str, Any]) -> None:
    """One test a configuration, so that its checks share what is compiled."""
    recipe = from_mapping({"name": f"{family}/tiny", "family": family, **sections}, "tiny")
    checks: list[Check] = list(build_learner(recipe).checks())
    assert {check.name for check in checks} >= PROVED
    found = {check.name: (check.run(), check.limit) for check in checks}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}
