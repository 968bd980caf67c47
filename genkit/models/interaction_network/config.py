"""The `model` section of an interaction network's recipe, and what follows. Light: no Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import NonNegativeInt, PositiveInt, Section

Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[list[Width], Field(max_length=10)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
PLANE = 2  # coordinates


class NoiseConfig(Section):
    """Noise on the state that training shows.

    Args:
        share: of the objects that get it. deviation: in deviations of each quantity.
        until: the update up to which it is whole. fade: updates in which it then falls to none.
    """

    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    deviation: Annotated[float, Field(ge=0)] = 0.05
    until: NonNegativeInt = 2_000
    fade: PositiveInt = 4_000


class InteractionNetworkConfig(Section):
    """Sizes of an interaction network (Battaglia et al., 2016), and how it is trained.

    Args:
        kind: `interaction`; or a baseline: `dynamics`, the same without effects of relations; or
            `mlp`, of all that is in a scene at once, for scenes of one size.
        task: predict each `velocity` one step later, or the potential `energy` of a scene.
        marshal: what a relation sees of the states of its two objects: `difference`; or
            `concatenation`, where an object also sees its own position.
        gap: relations of objects that can touch are told the signed distance between their
            surfaces. The paper's are not.
        predict: the `change` of velocity in a step, or the `velocity` itself, as the paper does.
        relation: units of each hidden layer of f_R. effect: numbers of an effect.
        object: of f_O. properties: numbers that f_O gives f_A. abstract: of f_A.
        mlp: of the baseline.
        noise: on inputs. effect_l2, weight_l2: weights of the mean squared effect and of the sum of
            squared weights in the loss.
        balance: a quarter each of an update's objects is hit, is about to be, nearly touches, or
            is any; as far as there are such, and for kind `interaction` alone.
    """

    kind: Literal["interaction", "dynamics", "mlp"] = "interaction"
    task: Literal["velocity", "energy"] = "velocity"
    marshal: Literal["difference", "concatenation"] = "difference"
    gap: bool = True
    predict: Literal["change", "velocity"] = "change"
    relation: Widths = Field(default_factory=lambda: [150, 150, 150, 150])
    effect: Width = 50
    object: Widths = Field(default_factory=lambda: [100])
    properties: Width = 10
    abstract: Widths = Field(default_factory=lambda: [25])
    mlp: Widths = Field(default_factory=lambda: [300, 300])
    noise: NoiseConfig = NoiseConfig()
    effect_l2: Weight = 0.0
    weight_l2: Weight = 0.0
    balance: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> InteractionNetworkConfig:
        if self.task == "energy" and self.kind == "dynamics":
            raise ValueError("task energy is for kind interaction or mlp. Received: dynamics")
        return self

    @property
    def whole(self) -> bool:
        """Whether training shows whole scenes, and not single objects with what acts on them."""
        return self.kind == "mlp" or self.task == "energy"

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        """Where this section does not fit the data or the training."""
        data, train = recipe.data, recipe.train
        if not hasattr(data, "relation_attributes"):
            yield "data.name", f"interaction_network needs physics; '{data.name}' has none"
            return
        if self.kind == "mlp" and data.other_counts:
            yield "data.other_counts", "must be empty: an mlp knows scenes of one size only"
        if self.task == "energy" and not data.potential:
            yield "model.task", f"must be velocity: '{data.name}' has no potential energy"
        if train.precision != "float32":
            yield "train.precision", "must be float32: an interaction network knows no other"
        if train.rematerialise:
            yield "train.rematerialise", "must be false: an interaction network has no use for it"


class Shape:
    """Widths of what the functions of a network take and give.

    Args:
        config: the section. data: the `data` section.
    """

    def __init__(self, config: InteractionNetworkConfig, data: Any) -> None:
        attributes, effects = len(data.attributes), len(data.effects)
        own = 2 * PLANE if config.marshal == "concatenation" else PLANE  # what f_O sees of a state
        self.gap = config.gap and data.contacts
        self.sees = 2 * PLANE if config.marshal == "difference" else 4 * PLANE
        self.relation = self.sees + 2 * attributes + len(data.relation_attributes) + int(self.gap)
        received = config.effect if config.kind == "interaction" else 0
        self.object = own + attributes + effects + received
        self.outputs = PLANE if config.task == "velocity" else config.properties
        count = data.object_count()
        every = count + data.statics
        self.flat = every * (2 * PLANE + attributes + effects)
        self.flat += every * data.degree(count) * (len(data.relation_attributes) + int(self.gap))
        self.flat_outputs = every * PLANE if config.task == "velocity" else 1


def dense_parameters(inputs: int, widths: Sequence[int], outputs: int) -> int:
    """Of layers one behind the other."""
    sizes = [inputs, *widths, outputs]
    return sum((a + 1) * b for a, b in pairwise(sizes))


def parameter_count(config: InteractionNetworkConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    shape = Shape(config, data)
    if config.kind == "mlp":
        return dense_parameters(shape.flat, config.mlp, shape.flat_outputs)
    total = dense_parameters(shape.object, config.object, shape.outputs)
    if config.kind == "interaction":
        total += dense_parameters(shape.relation, config.relation, config.effect)
    if config.task == "energy":
        total += dense_parameters(config.properties, config.abstract, 1)
    return total


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, the activations of an
    update, and the trajectories of the training scenes.
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    parameters, count = parameter_count(config, data), data.object_count()
    every, degree = count + data.statics, data.degree(count)
    copies = 5 if train.average is not None else 4
    relations = train.batch_size * degree * (every if config.whole else 1)
    activations = 4 * relations * 2 * (sum(config.relation) + config.effect)
    stored = data.train_count * (data.steps + 1) * every * (2 * PLANE * 4 + 2)
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + activations + 2 * stored,
        "receptive_field": "one step back; of a scene the objects that act on each",
        "relations": f"{degree} received by each of {count} objects at most",
        "gap": "told to relations" if Shape(config, data).gap else "not told",
    }
