"""The `model` section of a VPN recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.errors import unknown
from genkit.recipe.schema import Section

OddWidth = Annotated[int, Field(ge=1, le=63)]
Count = Annotated[int, Field(ge=1, le=200)]
Maps = Annotated[int, Field(ge=1, le=4096)]

# What the network takes; the other keys are about data and what is trained.
NETWORK = (
    "width",
    "encoder",
    "dilations",
    "decoder",
    "dependent",
    "first_kernel",
    "kernel",
    "block",
    "lstm",
    "lstm_layers",
    "lstm_kernel",
    "peepholes",
    "entry",
    "head",
)


class VPNConfig(Section):
    """Sizes of a Video Pixel Network. See docs/vpn.md for what the paper leaves open.

    Args:
        context: frames that are given; those behind them are predicted.
        width: maps c of a unit; between blocks there are 2c.
        encoder, decoder: residual blocks of each.
        dilations: of the encoder's blocks in turn; both units of a block have the same.
        dependent: the decoder sees earlier pixels and colours of its own frame. False is the
            paper's baseline: the same blocks without masks and without the frame.
        first_kernel, kernel: odd widths of the decoder's first convolution and of all others.
        block: `multiplicative` units, or `relu` for the ablation.
        lstm, lstm_layers, lstm_kernel, peepholes: of the convolutional LSTM over frames.
        entry: what came before enters the decoder before its `first` block, or `every` one.
        head: maps of the 1x1 layer before the outputs.
        output: `softmax` over the values of each colour; or `sigmoid`, cross-entropy with grey
            values as soft targets.
        condition: vectors of each frame, of the data set, that steer every block.
        context_condition: those of them that are known during the context only.
    """

    context: Annotated[int, Field(ge=1, le=1000)] = 5
    width: Maps = 16
    encoder: Count = 4
    dilations: Annotated[list[Annotated[int, Field(ge=1, le=64)]], Field(min_length=1)] = Field(
        default=[1, 2, 4, 8]
    )
    decoder: Count = 4
    dependent: bool = True
    first_kernel: OddWidth = 7
    kernel: OddWidth = 3
    block: Literal["multiplicative", "relu"] = "multiplicative"
    lstm: Maps = 32
    lstm_layers: Annotated[int, Field(ge=1, le=16)] = 1
    lstm_kernel: OddWidth = 3
    peepholes: bool = False
    entry: Literal["first", "every"] = "first"
    head: Maps = 32
    output: Literal["softmax", "sigmoid"] = "softmax"
    condition: list[str] = Field(default_factory=list)
    context_condition: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> VPNConfig:
        for key in ("first_kernel", "kernel", "lstm_kernel"):
            if getattr(self, key) % 2 == 0:
                raise ValueError(f"{key} must be odd. Received: {getattr(self, key)}")
        if len(set(self.condition)) != len(self.condition):
            raise ValueError(f"condition names something twice. Received: {self.condition}")
        for name in self.context_condition:
            if name not in self.condition:
                raise ValueError(f"context_condition names '{name}', which condition does not")
        if self.dependent and self.first_kernel == 1:
            raise ValueError("first_kernel must be 3 at least where pixels depend on each other")
        return self

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        if not hasattr(recipe.data, "video_shape"):
            return [("data.name", f"vpn needs videos; '{recipe.data.name}' holds none")]
        frames, _, _, channels = recipe.data.video_shape()
        found = []
        if self.context >= frames:
            says = f"must leave something of {frames} frames to be predicted"
            found.append(("model.context", f"{says}. Received: {self.context}"))
        for key in ("width", "head"):
            if getattr(self, key) < channels:
                found.append((f"model.{key}", f"must be at least {channels}, a map a colour"))
        known = recipe.data.condition_shapes()
        found += [
            ("model.condition", unknown("condition", name, known))
            for name in self.condition
            if name not in known
        ]
        if self.output == "sigmoid" and channels != 1:
            found.append(("model.output", "sigmoid is for grey videos"))
        return found


def network_sizes(config: VPNConfig) -> dict[str, Any]:
    """What of the section the network takes."""
    return {key: getattr(config, key) for key in NETWORK}


def condition_width(recipe: Any) -> int:
    """Width of the vector of each frame."""
    known = recipe.data.condition_shapes()
    return sum(known[name] for name in recipe.model.condition)


def parameter_count(recipe: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    config, channels = recipe.model, recipe.data.video_shape()[3]
    levels = 1 if config.output == "sigmoid" else recipe.data.level_count()
    if config.output == "softmax" and levels == 2:
        levels = 1
    c, vector, square = config.width, condition_width(recipe), config.kernel**2
    gates = 4 if config.block == "multiplicative" else 1
    total = (square * channels + 1) * 2 * c  # enter
    total += config.encoder * _block(c, gates, square, vector, 0)
    inputs = 2 * c
    for _ in range(config.lstm_layers):
        window = config.lstm_kernel**2
        total += (window * inputs + 1 + window * config.lstm) * 4 * config.lstm
        total += 3 * config.lstm if config.peepholes else 0
        inputs = config.lstm
    taps = square
    if config.dependent:
        total += _half(config.first_kernel) * channels * 2 * c + 2 * c
        taps = _half(config.kernel)
    total += (config.lstm + 1) * 2 * c  # entry
    entry = config.lstm if config.entry == "every" else 0
    total += config.decoder * _block(c, gates, taps, vector, entry)
    return total + (2 * c + 1) * config.head + (config.head + 1) * channels * levels


def _block(c: int, gates: int, taps: int, vector: int, entry: int) -> int:
    units = 2 * (taps * c + 1) * gates * c
    return (2 * c + 1) * c + units + (c + 1) * 2 * c + vector * 2 * gates * c + entry * c


def _half(kernel: int) -> int:
    """Taps of a masked kernel, the closed ones in the centre's row included."""
    return (kernel // 2 + 1) * kernel


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and the averages, and the float32
    activations kept for the backward pass: about `KEPT` multiples of c a position and block.
    """
    config, train = recipe.model, recipe.train
    frames, height, width, channels = recipe.data.video_shape()
    parameters = parameter_count(recipe)
    positions = height * width * train.batch_size // train.accumulate
    blocks = config.encoder * (frames - 1) + config.decoder * (frames - config.context)
    kept = 4 if train.rematerialise else KEPT
    activations = positions * blocks * config.width * kept * 4
    activations += positions * (frames - 1) * config.lstm * 16 * 4
    copies = 5 if train.average is not None else 4
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + activations,
        "receptive_field": receptive_field(config),
        "values_per_item": (frames - config.context) * height * width * channels,
    }


# Inputs of products side by side (9 c and 5 c twice), gates, and what lies between.
KEPT = 40


def receptive_field(config: VPNConfig) -> str:
    """In words."""
    before = "all frames before"
    if not config.dependent:
        return f"{before}; nothing of the frame itself"
    reach = config.first_kernel // 2 + 2 * config.decoder * (config.kernel // 2)
    return (
        f"{before}; of the frame itself {reach} rows above with a blind spot on the right, "
        f"{reach} pixels on the left, and earlier colours of the pixel"
    )
