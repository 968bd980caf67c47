"""The `model` section of a WaveNet recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from math import lcm, prod
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.data.audio.steered import SteeredConfig
from genkit.layers.dilation import dilation_cycles, receptive_field, stack_parameters
from genkit.models.wavenet.conflicts import speaking_conflicts
from genkit.recipe.schema import Fraction, Section
from genkit.speech.sizes import PHASE, frame_width

if TYPE_CHECKING:
    from genkit.data.audio.codec import Codec

Dilations = Annotated[list[Annotated[int, Field(ge=1, le=2**20)]], Field(min_length=1)]
Strides = Annotated[list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)]
Width = Annotated[int, Field(ge=1, le=8192)]
Kernel = Literal[2, 3]

# Stacks of kernel 2 whose receptive fields are those that the paper tells at 16 kHz.
PRESETS: dict[str, list[int]] = {
    "speech-240ms": dilation_cycles(3, 10) + dilation_cycles(1, 9) + dilation_cycles(1, 8),
    "speakers-300ms": dilation_cycles(4, 10) + dilation_cycles(1, 9) + dilation_cycles(1, 8),
    "music-3s": dilation_cycles(3, 14),
}


class StackConfig(Section):
    """A dilated causal stack.

    Args:
        cycles, cycle: `cycles` times the dilations 1, 2, 4, ..., `cycle` of them.
        dilations: one a layer, or the name of a receptive field of the paper, instead.
        kernel: taps a layer.
    """

    cycles: Annotated[int, Field(ge=1, le=64)] = 3
    cycle: Annotated[int, Field(ge=1, le=20)] = 10
    dilations: Dilations | Literal["speech-240ms", "speakers-300ms", "music-3s"] | None = None
    kernel: Kernel = 2

    def dilation_list(self) -> list[int]:
        """One a layer."""
        if self.dilations is None:
            return dilation_cycles(self.cycles, self.cycle)
        if isinstance(self.dilations, str):
            return list(PRESETS[self.dilations])
        return list(self.dilations)

    def field(self) -> int:
        """Time steps that one output of the stack sees."""
        return receptive_field(self.kernel, self.dilation_list())


class ContextConfig(StackConfig):
    """A context stack (section 2.6 of the paper): smaller, longer, and if wanted slower.

    Args:
        pool: audio samples of a frame; the stack steps once a frame. 1 for none.
        residual, skip: channels. outputs: channels that condition the large stack.
    """

    pool: Annotated[int, Field(ge=1, le=65_536)] = 1
    residual: Width = 16
    skip: Width = 32
    outputs: Width = 16

    def sizes(self) -> dict[str, Any]:
        """Arguments of the layer."""
        return {
            "pool": self.pool,
            "residual": self.residual,
            "skip": self.skip,
            "outputs": self.outputs,
            "dilations": self.dilation_list(),
            "kernel": self.kernel,
        }

    def reach(self) -> int:
        """Audio samples back that the last sample of a frame knows through this stack."""
        return self.pool * (self.field() + 1) - 1

    def parameters(self, vector: int) -> int:
        layers = len(self.dilation_list())
        stack = stack_parameters(
            self.residual, self.residual, self.skip, self.kernel, layers, vector
        )
        frame = (self.pool + 1) * self.residual
        return frame + stack + (self.skip + 1) * self.pool * self.outputs


class LocalConfig(Section):
    """A local condition, in frames.

    Args:
        features: `mel`, log-mel frames of the recording itself, as for a vocoder; or
            `linguistic`, what is said, see `genkit.speech.context`.
        pitch: with linguistic features, log-F0 and voicing as well (the paper's L+F).
        harmonics: with `pitch`, cosines and sines of so many multiples of the voice's phase, see
            `genkit.speech.phase`; 0, as in the paper, for none.
        prediction: with linguistic features, values before a code that linear prediction makes a
            forecast of it from, see `genkit.layers.linear_prediction`; the input `envelope` tells
            the predictors. 0, as in the paper, for none.
        bands: mel bands. strides: of the transposed convolutions; their product is the hop,
            audio samples of a frame.
        channels: of the upsampled condition. halo: frames on either side that a frame sees.
        upsampling: `transposed` learns it, `repeat` repeats each frame.
    """

    features: Literal["mel", "linguistic"] = "mel"
    pitch: bool = True
    harmonics: Annotated[int, Field(ge=0, le=64)] = 0
    prediction: Annotated[int, Field(ge=0, le=256)] = 0
    bands: Annotated[int, Field(ge=4, le=512)] = 40
    strides: Strides = Field(default_factory=lambda: [8, 10])
    channels: Width = 32
    halo: Annotated[int, Field(ge=0, le=64)] = 1
    upsampling: Literal["transposed", "repeat"] = "transposed"

    def width(self, data: Any) -> int:
        """Numbers in a frame."""
        if self.features == "mel":
            return self.bands
        count = len(data.phone_set().names)
        return frame_width(count, self.pitch, self.phase, self.prediction)

    @model_validator(mode="after")
    def _voiced(self) -> LocalConfig:
        if self.harmonics and not (self.features == "linguistic" and self.pitch):
            raise ValueError("harmonics need features: linguistic, and pitch: true")
        if self.prediction and self.features != "linguistic":
            raise ValueError("prediction needs features: linguistic")
        return self

    def prediction_column(self, data: Any) -> int:
        """Where in a frame its linear predictor begins."""
        return frame_width(len(data.phone_set().names), pitch=False)

    def prediction_sizes(self, data: Any) -> dict[str, Any] | None:
        """Arguments of the `LinearPrediction`; None for none."""
        if not self.prediction:
            return None
        column = self.prediction_column(data)
        return {"order": self.prediction, "column": column, "hop": self.hop, "halo": self.halo}

    @property
    def phase(self) -> bool:
        """Whether frames tell the phase of the voice."""
        return self.harmonics > 0

    @property
    def outputs(self) -> int:
        """Numbers at a time step."""
        return self.channels + 2 * self.harmonics

    @property
    def hop(self) -> int:
        """Audio samples of a frame."""
        return prod(self.strides)

    def sizes(self) -> dict[str, Any]:
        """Arguments of the layer."""
        return {
            "channels": self.channels,
            "strides": self.strides,
            "halo": self.halo,
            "learned": self.upsampling == "transposed",
            "harmonics": self.harmonics,
        }

    def parameters(self, data: Any) -> int:
        told = self.width(data) - (PHASE if self.phase else 0)
        total = ((2 * self.halo + 1) * told + 1) * self.channels
        if self.upsampling == "transposed":
            total += sum((self.channels + 1) * s * self.channels for s in self.strides)
        return total


class CodesConfig(StackConfig):
    """A dilated causal stack that reads codes, and a head that tells the next one.

    Args:
        levels: codes of the mu-law, 256 in the paper.
        residual, gated, skip, head: channels R, D (R if null), S, H.
        input_kernel: taps of the causal convolution of the codes.
    """

    levels: Annotated[int, Field(ge=2, le=65_536)] = 256
    residual: Width = 32
    gated: Width | None = None
    skip: Width = 128
    head: Width = 128
    input_kernel: Annotated[int, Field(ge=1, le=64)] = 2

    def codes_seen(self) -> int:
        """By one output of the stack."""
        return self.field() + self.input_kernel - 1

    def network_sizes(self) -> dict[str, Any]:
        """Arguments of the `WaveNet`."""
        return {
            "levels": self.levels,
            "residual": self.residual,
            "skip": self.skip,
            "head": self.head,
            "dilations": self.dilation_list(),
            "kernel": self.kernel,
            "input_kernel": self.input_kernel,
            "gated": self.gated,
        }

    def stack_parameters(self, vector: int = 0, local: int = 0) -> int:
        """Weights of what reads the codes, with conditions of these widths."""
        embedding = (self.input_kernel * self.levels + 1) * self.residual
        gated, layers = self.gated or self.residual, len(self.dilation_list())
        return embedding + stack_parameters(
            self.residual, gated, self.skip, self.kernel, layers, vector, local
        )

    def head_parameters(self) -> int:
        """Weights of what tells the next code."""
        return (self.skip + 1) * self.head + (self.head + 1) * self.levels


class GapsConfig(Section):
    """Stretches of codes that are hidden in training: half of them are silence, the others come
    from another row. What is to be predicted stays as it is.

    Where the past is always the true one, a model that draws its own never saw a vowel that silence
    came before, and goes on with the silence, whatever its condition says.

    Args:
        share: of the codes that are hidden, about. shortest, longest: audio samples of a stretch,
            drawn evenly by their logarithm.
    """

    share: Fraction = 0.05
    shortest: Annotated[int, Field(ge=1, le=100_000)] = 20
    longest: Annotated[int, Field(ge=1, le=100_000)] = 1_500

    @model_validator(mode="after")
    def _in_order(self) -> GapsConfig:
        if self.shortest > self.longest:
            raise ValueError(
                f"shortest must be at most longest. Received: {self.shortest}, {self.longest}"
            )
        return self


class WaveNetConfig(CodesConfig, SteeredConfig):
    """Sizes of a WaveNet.

    Args:
        emphasis: of high frequencies before the mu-law, see `Codec`; 0 as in the paper.
        noise: in training, the codes that the network sees are off by normal noise, whose standard
            deviation, in codes, is drawn for each window: this times the square of a number between
            0 and 1. What it is to predict stays as it is, so it learns to go back from errors of
            its own, and to listen to its condition where the past tells little.
        gaps: stretches of codes that are hidden in training; null for none.
        condition: steers every layer.
        context: context stacks. All have the same `pool`.
        local: a condition at each time step; null for none.
    """

    emphasis: Annotated[float, Field(ge=0.0, le=0.99)] = 0.0
    noise: Annotated[float, Field(ge=0.0, le=1024.0)] = 0.0
    gaps: GapsConfig | None = None
    context: list[ContextConfig] = Field(default_factory=list)
    local: LocalConfig | None = None

    @model_validator(mode="after")
    def _consistent(self) -> WaveNetConfig:
        pools = sorted({context.pool for context in self.context})
        if len(pools) > 1:
            raise ValueError(f"all context stacks need the same pool. Received: {pools}")
        return self

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        data = recipe.data
        if not hasattr(data, "vocabulary"):
            return [("data.name", f"wavenet needs sound; '{data.name}' holds none")]
        found = self.unknown_attributes(data)
        found += speaking_conflicts(self, recipe)
        if data.crop % self.grid:
            says = f"must be a multiple of {self.grid}, the model's pool and hop"
            found.append(("data.crop", f"{says}. Received: {data.crop}"))
        return found

    @property
    def grid(self) -> int:
        """Windows begin at multiples of it."""
        pool = self.context[0].pool if self.context else 1
        return lcm(pool, self.local.hop if self.local is not None else 1)

    def codec(self) -> Codec:
        """From sound to codes and back."""
        from genkit.data.audio.codec import Codec

        return Codec(self.levels, self.emphasis)

    def reach(self) -> int:
        """Codes that one distribution sees, by its context stacks as well."""
        dilations = self.dilation_list()
        behind = (self.kernel - 1) * sum(dilations[1:])
        predicted = 0 if self.local is None else self.local.prediction
        contexts = (behind + context.reach() for context in self.context)
        return max([self.codes_seen(), predicted, *contexts])


def parameter_count(config: WaveNetConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    vector = config.vector_width(data)
    local = sum(context.outputs for context in config.context)
    total = sum(context.parameters(vector) for context in config.context)
    if config.local is not None:
        total += config.local.parameters(data)
        total += 2 * (config.head + 1) if config.local.prediction else 0
        local += config.local.outputs
    return total + config.stack_parameters(vector, local) + config.head_parameters()


def step_seconds(work: float) -> float:
    """Of a training step on two cores, by parameters times time steps.

    It scales one that was measured: 27 layers 32/128, 8 x 4,000 samples, 0.55 s.
    """
    return 0.55 * work / (344_000 * 32_000)


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, and the float32
    activations kept for the backward pass (about 9 R a time step and layer).
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    parameters = parameter_count(config, data)
    # The large stack computes the window and what it sees itself before it.
    length = data.crop + config.field()
    rows = train.batch_size // train.accumulate
    layers, gated = len(config.dilation_list()), config.gated or config.residual
    widths = 3 * config.residual + 6 * gated
    activations = rows * length * (layers * widths + 4 * config.levels) * 4
    copies = 5 if train.average is not None else 4
    vector = config.vector_width(data)
    stacks = [(context.parameters(vector), context.pool) for context in config.context]
    whole = data.crop + config.reach()
    work = (parameters - sum(count for count, _ in stacks)) * length
    work += sum(count * whole / pool for count, pool in stacks)
    seconds = step_seconds(work * train.batch_size) * train.steps
    field = config.reach()
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + activations,
        "receptive_field": f"{field:,} samples, {1000 * field / data.sample_rate:,.1f} ms",
        "receptive_field_samples": field,
        "receptive_field_milliseconds": round(1000 * field / data.sample_rate, 2),
        "train_seconds_two_cores": round(seconds),
    }
