"""Every shipped recipe and every tiny configuration is valid."""

import pytest

from genkit import registry
from genkit.recipe import Recipe, Study, catalogue, dump, from_mapping, load, yaml_reader

FILES = sorted(catalogue.root().rglob("*.y*ml"))


def test_every_file_is_a_shipped_recipe() -> None:
    assert len(FILES) >= 3
    assert len(catalogue.names()) == len(FILES)


@pytest.mark.parametrize("name", catalogue.names())
def test_shipped_recipes_are_valid_and_can_be_saved(name: str) -> None:
    found = load(name)
    if isinstance(found, Study):
        assert found.cells()
        return
    assert isinstance(found, Recipe)
    assert found.name == name
    assert from_mapping(yaml_reader.parse(dump(found), name).values, "x") == found


TINY = [(f, t) for f in registry.families.names() for t in registry.families.get(f).tiny]


@pytest.mark.parametrize(("family", "tiny"), TINY)
def test_tiny_configurations_are_valid(family: str, tiny: str) -> None:
    sections = registry.families.get(family).tiny[tiny]
    assert from_mapping({"family": family, **sections}, tiny).family == family


def test_every_family_has_tiny_configurations() -> None:
    assert {family for family, _ in TINY} == set(registry.families.names())
