"""Names under which weights are stored. They do not depend on the backend: one is enough."""

from __future__ import annotations

from genkit.building import build_learner


def test_names_of_variables_do_not_depend_on_what_was_built_before() -> None:
    from genkit.recipe import from_mapping
    from genkit.registry import families

    for family in families.names():
        for name, sections in families.get(family).tiny.items():
            recipe = from_mapping({"name": f"tiny/{name}", "family": family, **sections}, name)
            first, second = (list(build_learner(recipe).variables()) for _ in range(2))
            assert first == second, f"{family}/{name}: name every layer"
