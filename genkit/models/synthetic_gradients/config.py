"""The `model` section of networks that are cut, and what follows from it. Light: no Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.errors import GenkitError
from genkit.recipe.schema import NonNegativeInt, PositiveFloat, Section

Width = Annotated[int, Field(ge=1, le=16384)]
Method = Literal[
    "noprop", "bprop", "fa", "dfa", "kickback", "sg", "sg_prop", "critic", "critic_prop"
]
Kind = Literal["linear", "linear_sigmoid", "mlp"]
Activation = Literal["relu", "tanh", "linear"]
Loss = Literal["cross_entropy", "mse", "log"]
Position = Literal["every", "middle", "output"]

LEARNED = ("sg", "sg_prop", "critic", "critic_prop")  # methods with a module at each cut
CRITICS = ("critic", "critic_prop")


class ModuleConfig(Section):
    """What predicts a gradient, or a loss, at a cut.

    Args:
        kind: `linear` in what it sees; `linear_sigmoid`, the same of its sigmoid, which is exact
            for the log loss; `mlp`.
        hidden: widths of the hidden layers of an `mlp`, maps where it sees maps.
        normalise: batch normalisation in those hidden layers.
        kernel: of its convolutions where it sees maps.
        condition: it sees the target as well (cDNI).
        rate: learning rate of all modules; null for that of the network.
        search: take the exact best rate of each update of a linear module instead.
        prop: weight of the module's own loss in what shapes the layers below, for `sg_prop` and
            `critic_prop`.
    """

    kind: Kind = "mlp"
    hidden: Annotated[list[Width], Field(max_length=6)] = Field(default_factory=lambda: [1024] * 2)
    normalise: bool = True
    kernel: Annotated[int, Field(ge=1, le=15)] = 5
    condition: bool = False
    rate: PositiveFloat | None = None
    search: bool = False
    prop: PositiveFloat = 1.0


class ConvolutionConfig(Section):
    """A convolution, and how much a maximum over squares shrinks its maps."""

    maps: Width = 64
    kernel: Annotated[int, Field(ge=1, le=15)] = 5
    pool: Annotated[int, Field(ge=1, le=8)] = 2


class RecurrentConfig(Section):
    """A recurrent network, trained window by window.

    Args:
        units: of the LSTM.
        window: steps through which gradients go (truncated backpropagation through time).
        hidden: units of the hidden layer of the bridge; 0 for a linear one.
        auxiliary: the bridge predicts its own word a window later as well.
        weight: by which the bridge's word is multiplied where the network learns from it.
    """

    units: Width = 128
    window: Annotated[int, Field(ge=1, le=200)] = 4
    hidden: Annotated[int, Field(ge=0, le=4096)] = 128
    auxiliary: bool = False
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0


class ClocksConfig(Section):
    """Two recurrent networks, the second of which ticks at the end of each period only.

    Args:
        encoder: units of the layer that sees an image. units: of both LSTMs.
        message: width of what the first tells the second.
        hidden: units of the hidden layer of modules; 0 for linear ones.
    """

    encoder: Width = 128
    units: Width = 128
    message: Width = 32
    hidden: Annotated[int, Field(ge=0, le=4096)] = 128


def _default(field: Any) -> Any:
    return field.get_default(call_default_factory=True)


class SyntheticGradientsConfig(Section):
    """A feed-forward network, where it is cut, and what crosses the cuts.

    Args:
        convolutions: the first hidden layers, for images.
        depth, width: number and units of the dense hidden layers behind them.
        activation: of hidden layers.
        normalise: batch normalisation in hidden layers.
        loss: `cross_entropy` of classes; `mse`, half the squared distance to the target, or
            `log`, the cross-entropy of each output by itself.
        method: the error that reaches the layers below a cut, see `signals`.
        position: cuts behind `every` hidden layer, in the `middle` of them, or behind the
            `output`; or a list of layers, counted from 0.
        module: what is learned at each cut, for the methods that learn anything there.
        mix: share of what the segment above sends back in the error, at each cut anew; the rest
            is the method's.
        warmup_bprop: number of updates in which that alone crosses the cuts: the true gradient.
        update_prob: each segment is updated with this probability, else left as it is.
        recurrent: a recurrent network that copies instead, cut behind windows: `noprop` or `sg`.
        clocks: two networks at different clocks that count instead: `bprop`, `noprop` or `sg`.
        unlock: `update`, segments wait for what is below them only; `both`, each learns from
            inputs that are predicted from the data as well, and waits for nothing.
    """

    convolutions: Annotated[list[ConvolutionConfig], Field(max_length=20)] = Field(
        default_factory=list
    )
    depth: Annotated[int, Field(ge=0, le=200)] = 2
    width: Width = 256
    activation: Activation = "relu"
    normalise: bool = True
    loss: Loss = "cross_entropy"
    method: Method = "sg"
    position: Position | Annotated[list[NonNegativeInt], Field(min_length=1)] = "every"
    module: ModuleConfig = ModuleConfig()
    mix: Annotated[float, Field(ge=0, le=1)] = 0.0
    warmup_bprop: NonNegativeInt = 0
    update_prob: Annotated[float, Field(gt=0, le=1)] = 1.0
    recurrent: RecurrentConfig | None = None
    clocks: ClocksConfig | None = None
    unlock: Literal["update", "both"] = "update"

    @model_validator(mode="after")
    def _consistent(self) -> SyntheticGradientsConfig:
        if self.method in CRITICS and self.module.kind != "mlp":
            raise ValueError(f"{self.method} needs module.kind mlp: the slope of a line is one")
        if self.module.search and self.learned and not self._searchable:
            raise ValueError("module.search needs method sg, a linear module and all updates")
        self._check_over_time()
        if self.learned and self.module.kind == "mlp" and not self.module.hidden:
            raise ValueError("a module of kind mlp needs hidden layers")
        cuts, last = self.cuts(), self.layers - 1
        if list(cuts) != sorted(set(cuts)) or (cuts and cuts[-1] > last):
            raise ValueError(f"position lists layers from 0 to {last}, rising")
        behind = self.hidden_layers in cuts
        if self.unlock == "both" and (behind or self.method != "sg"):
            raise ValueError("unlock both needs method sg and cuts below the output")
        if self.method in ("noprop", "fa") and behind:
            raise ValueError(f"{self.method} needs cuts below the output")
        if self.method == "fa" and (self.mix or self.warmup_bprop):
            raise ValueError(
                "mix and warmup_bprop need the true error, which fa does not take back"
            )
        return self

    @property
    def _searchable(self) -> bool:
        linear = self.module.kind != "mlp" and self.method == "sg"
        return linear and self.update_prob == 1.0

    def _check_over_time(self) -> None:
        if self.recurrent is not None and self.clocks is not None:
            raise ValueError("recurrent and clocks are different models: give one")
        if self.recurrent is not None and self.method not in ("noprop", "sg"):
            raise ValueError(f"recurrent knows methods noprop and sg. Received: {self.method}")
        if self.clocks is not None and self.method not in ("bprop", "noprop", "sg"):
            raise ValueError(f"clocks knows methods bprop, noprop and sg. Received: {self.method}")
        if self.over_time:
            used = ("method", "module", "recurrent", "clocks")
            fields = type(self).model_fields
            idle = [k for k in fields if k not in used and getattr(self, k) != _default(fields[k])]
            rate = ModuleConfig(rate=self.module.rate)
            if idle or self.module != rate:
                found = ", ".join([*idle, *(["module"] if self.module != rate else [])])
                raise ValueError(f"recurrent and clocks take method and module.rate. Set: {found}")

    @property
    def over_time(self) -> bool:
        """Whether it is a recurrent model."""
        return self.recurrent is not None or self.clocks is not None

    @property
    def hidden_layers(self) -> int:
        return len(self.convolutions) + self.depth

    @property
    def layers(self) -> int:
        """Layers with weights, the output layer among them."""
        return self.hidden_layers + 1

    @property
    def learned(self) -> bool:
        """Whether there is a module at each cut."""
        return self.method in LEARNED

    def cuts(self) -> tuple[int, ...]:
        """Layers behind which the network is cut."""
        if isinstance(self.position, list):
            return tuple(self.position)
        if self.position == "output":
            return (self.hidden_layers,)
        if self.position == "middle":
            return ((self.hidden_layers - 1) // 2,) if self.hidden_layers else ()
        return tuple(range(self.hidden_layers))

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        """Where this section does not fit the data or the training."""
        data, train = recipe.data, recipe.train
        if train.accumulate != 1:
            yield "train.accumulate", "must be 1: modules learn from whole batches"
        if train.precision != "float32":
            yield "train.precision", "must be float32: no other is known here"
        if train.rematerialise:
            yield "train.rematerialise", "must be false: activations are kept"
        wanted = {"copy_task": self.recurrent is not None}
        wanted |= dict.fromkeys(("digit_stream", "mnist_stream"), self.clocks is not None)
        if self.over_time or data.name in wanted:
            if not wanted.get(data.name, False):
                own = "copy_task needs model.recurrent, streams of digits need model.clocks"
                yield "data.name", f"{own}, and they need those. Received: {data.name}"
            return
        images = hasattr(data, "image_shape")
        if not images and not hasattr(data, "point_shape"):
            yield "data.name", f"synthetic_gradients needs images or points; not '{data.name}'"
            return
        if images and data.class_count() is None:
            yield "data", "synthetic_gradients needs labels, which the data set lacks"
            return
        yield from self._reference(recipe)
        if not images and self.convolutions:
            yield "model.convolutions", "must be empty: points have no neighbours"
        if self.loss != "mse" and data.class_count() is None:
            yield "model.loss", f"must be mse: targets are numbers. Received: {self.loss}"
        if images and not self._fits(data):
            yield "model.convolutions", "pools make maps smaller than a pixel"

    def _reference(self, recipe: Any) -> Iterator[tuple[str, str]]:
        """An input must be a cut network of the very same images."""
        from genkit.building import input_recipe

        for name, reference in recipe.inputs.items():
            if name != "reference":
                yield f"inputs.{name}", "is not known here. Allowed: reference"
                continue
            try:
                other = input_recipe(reference)
            except GenkitError:
                continue  # told when the run is opened; a recipe may come before its inputs
            own = input_shape(recipe.data), output_count(recipe.data)
            fits = other.family == recipe.family and not other.model.over_time
            if not fits or (input_shape(other.data), output_count(other.data)) != own:
                yield "inputs.reference", f"'{reference}' is no cut network of items like these"

    def _fits(self, data: Any) -> bool:
        shrunk = math.prod(c.pool for c in self.convolutions)
        return min(data.image_shape()[:2]) >= shrunk


def input_shape(data: Any) -> tuple[int, ...]:
    """Of one item."""
    return tuple(data.image_shape() if hasattr(data, "image_shape") else data.point_shape())


def output_count(data: Any) -> int:
    """Outputs of the network: classes, or numbers of a target."""
    if hasattr(data, "target_count"):
        return int(data.target_count())
    return int(data.class_count())


def layer_shapes(config: SyntheticGradientsConfig, data: Any) -> list[tuple[int, ...]]:
    """What each layer gives, the output layer last."""
    shape, found = input_shape(data), []
    for convolution in config.convolutions:
        height, width = (side // convolution.pool for side in shape[:2])
        shape = (height, width, convolution.maps)
        found.append(shape)
    return [*found, *[(config.width,)] * config.depth, (output_count(data),)]


def weight_count(config: SyntheticGradientsConfig, data: Any) -> int:
    """Of the network alone, without moving averages."""
    shapes = [input_shape(data), *layer_shapes(config, data)]
    kernels = [c.kernel for c in config.convolutions]
    total = 0
    for i, (before, after) in enumerate(pairwise(shapes)):
        if i < len(kernels):
            total += kernels[i] ** 2 * before[-1] * after[-1]
        else:
            total += math.prod(before) * after[-1]
        normalised = config.normalise and i < config.hidden_layers
        total += 2 * after[-1] if normalised else after[-1]
    return total


def module_count(config: SyntheticGradientsConfig, data: Any) -> int:
    """Weights of all modules."""
    if not config.learned:
        return 0
    shapes = layer_shapes(config, data)
    return sum(_module_weights(config, shapes[cut], output_count(data)) for cut in config.cuts())


def input_module_count(config: SyntheticGradientsConfig, data: Any) -> int:
    """Weights of what predicts inputs."""
    if config.unlock != "both":
        return 0
    hidden, total = config.module.hidden, 0
    each = 2 if config.module.normalise else 1
    for cut in config.cuts():
        given = math.prod(layer_shapes(config, data)[cut])
        sizes = [math.prod(input_shape(data)), *hidden]
        total += sum((a + each) * b for a, b in pairwise(sizes)) + (sizes[-1] + 1) * given
    return total


def _module_weights(config: SyntheticGradientsConfig, shape: tuple[int, ...], labels: int) -> int:
    module = config.module
    maps = len(shape) == 3
    area = module.kernel**2 if maps else 1
    widths = [*(module.hidden if module.kind == "mlp" else []), shape[-1]]
    if config.method in CRITICS:
        widths[-1] = 1
    total, inputs = 0, shape[-1]
    for i, width in enumerate(widths):
        last = i == len(widths) - 1
        around = 1 if maps and last and config.method in CRITICS else area
        total += around * inputs * width + (0 if module.normalise and not last else width)
        total += 2 * width if module.normalise and not last else 0
        total += labels * width if module.condition and i == 0 else 0
        inputs = width
    return total


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, and activations twice.
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    if config.over_time:
        return over_time(config, data, train)
    modules = module_count(config, data) + input_module_count(config, data)
    parameters = weight_count(config, data) + modules
    copies = 5 if train.average is not None else 4
    values = sum(math.prod(shape) for shape in layer_shapes(config, data))
    cuts = config.cuts()
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + 8 * train.batch_size * values,
        "layers": f"{config.layers}, the output layer among them",
        "cuts": "behind layers " + ", ".join(map(str, cuts)) if cuts else "none",
        "error_that_crosses_them": config.method,
        "parameters_of_modules": modules,
    }


def _lstm(inputs: int, units: int) -> int:
    return 4 * units * (inputs + units + 1)


def _bridge(width: int, hidden: int, heads: int = 1) -> int:
    if not hidden:
        return heads * (width + 1) * width
    return (width + 1) * hidden + heads * (hidden + 1) * width


def over_time(config: SyntheticGradientsConfig, data: Any, train: Any) -> dict[str, Any]:
    """`outlook` of recurrent models."""
    classes = data.class_count()
    if config.recurrent is not None:
        own = config.recurrent
        parameters = _lstm(data.stream_shape()[0], own.units) + (own.units + 1) * classes
        heads = 2 if own.auxiliary and config.method == "sg" else 1
        modules, steps = _bridge(2 * own.units, own.hidden, heads), own.window
        values = 8 * own.units
    else:
        clocks = config.clocks or ClocksConfig()
        pixels = math.prod(data.stream_shape())
        parameters = (pixels + 1) * clocks.encoder + _lstm(clocks.encoder + 1, clocks.units)
        parameters += (clocks.units + 1) * (clocks.message + classes)
        parameters += _lstm(clocks.message, clocks.units) + (clocks.units + 1) * classes
        modules = _bridge(2 * clocks.units, clocks.hidden)
        modules += _bridge(clocks.message, clocks.hidden)
        steps, values = data.period, 16 * clocks.units
    copies = 5 if train.average is not None else 4
    return {
        "parameters": parameters + modules,
        "memory_bytes": 4 * (parameters + modules) * copies + 8 * train.batch_size * steps * values,
        "window": f"{steps} steps",
        "error_that_crosses_its_end": config.method,
        "parameters_of_modules": modules,
    }
