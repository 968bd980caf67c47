"""What the recipe of a Gated PixelCNN is conditioned on: names and shapes. Light: no Keras."""

from __future__ import annotations

from typing import Any

from genkit.errors import GenkitError, unknown

CODE = "embedding"  # what the code of an auto-encoder is called


def condition_shapes(recipe: Any) -> dict[str, tuple[int, ...]]:
    """Shapes of all conditions by name, in the order in which they lie in the network's vector.

    Raises:
        UsageError, RecipeError: if a run or recipe among the inputs cannot be found.
    """
    shapes = {name: _shape(recipe, name) for name in recipe.model.condition}
    if recipe.model.autoencoder is not None:
        shapes[CODE] = (recipe.model.autoencoder.bottleneck,)
    return shapes


def _shape(recipe: Any, name: str) -> tuple[int, ...]:
    if name == "class":
        return (recipe.data.class_count(),)
    if name in recipe.inputs:
        from genkit.building import input_recipe

        return (input_recipe(recipe.inputs[name]).model.embedding_width,)
    shape: tuple[int, ...] = data_vectors(recipe.data)[name]
    return shape


def data_vectors(data: Any) -> dict[str, tuple[int, ...]]:
    """Shapes of the vectors and maps that a data set holds, by name."""
    return dict(data.vector_shapes()) if hasattr(data, "vector_shapes") else {}


def condition_conflicts(config: Any, recipe: Any) -> list[tuple[str, str]]:
    """Conditions that neither data nor inputs have, or that do not fit the images."""
    known = data_vectors(recipe.data)
    allowed = ["class", *known, *recipe.inputs]
    found: list[tuple[str, str]] = []
    for name in config.condition:
        if name not in allowed:
            found.append(("model.condition", unknown("condition", name, allowed)))
        elif name == "class":
            if recipe.data.class_count() is None:
                found.append(("model.condition", "class needs labels, which the data set lacks"))
        elif name in recipe.inputs:
            found += _input_conflicts(recipe, name)
        elif len(known[name]) == 3:
            found += _map_conflicts(config, recipe, name, known[name])
    if config.autoencoder is not None and CODE in config.condition:
        says = f"'{CODE}' is the code of the auto-encoder already; leave it out"
        found.append(("model.condition", says))
    if config.spatial is not None and not config.condition and config.autoencoder is None:
        found.append(("model.spatial", "needs something in model.condition, or an auto-encoder"))
    return found


def _map_conflicts(
    config: Any, recipe: Any, name: str, shape: tuple[int, ...]
) -> list[tuple[str, str]]:
    if config.spatial is None:
        return [("model.spatial", f"is needed: '{name}' is a map, {_words(shape)}")]
    small = config.spatial.small_shape(recipe.data.image_shape())
    if shape[:2] == small:
        return []
    return [
        (
            "model.spatial.factor",
            f"makes the first maps {_words(small)}, but '{name}' is {_words(shape)}",
        )
    ]


def _input_conflicts(recipe: Any, name: str) -> list[tuple[str, str]]:
    """An input must embed images of the very kind that are drawn."""
    from genkit.building import input_recipe

    try:
        other = input_recipe(recipe.inputs[name])
    except GenkitError:
        return []  # told when the run is opened; a recipe may come before its inputs
    if getattr(other.model, "embedding_width", None) is None:
        says = f"'{recipe.inputs[name]}' (family {other.family}) does not embed images"
        return [(f"inputs.{name}", says)]
    own, its = (_kind(one.data) for one in (recipe, other))
    if own != its:
        says = f"embeds images of {its}, but this recipe's are of {own}"
        return [(f"inputs.{name}", says)]
    return []


def _kind(data: Any) -> str:
    return f"{_words(data.image_shape())}, {data.level_count()} levels"


def _words(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
