"""The `model` sections of what comes before a WaveNet that reads texts: how long phones last and
how the pitch moves (van den Oord et al., 2016, arXiv:1609.03499, section 3.2). Light: no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from genkit.data.audio.steered import SteeredConfig
from genkit.layers.dilation import dilation_cycles, receptive_field, stack_parameters
from genkit.recipe.schema import Fraction
from genkit.speech.sizes import FRAME, PITCH, phone_width

if TYPE_CHECKING:
    from genkit.data.audio.codec import Codec

Width = Annotated[int, Field(ge=1, le=4096)]


class ProsodyConfig(SteeredConfig):
    """What both have.

    Args:
        hop: audio samples of a frame; 80 are 5 ms at 16 kHz.
    """

    hop: Annotated[int, Field(ge=8, le=4096)] = 80

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        found = speech_conflicts(recipe.data)
        return found or self.unknown_attributes(recipe.data)


class DurationConfig(ProsodyConfig):
    """An LSTM over phones that tells how long each lasts.

    Args:
        dense: units of the layer before the LSTM. units: of the LSTM.
    """

    dense: Width = 64
    units: Width = 64


class PitchConfig(ProsodyConfig):
    """An autoregressive dilated CNN over frames that tells log-F0 and voicing.

    Args:
        cycles, cycle: dilations 1, 2, 4, ..., `cycle` of them, `cycles` times; kernel 2.
        residual, skip, head: channels. channels: that the features of a frame are mapped to.
        forget: share of frames whose past is hidden in training. A network that is always shown
            the true contour learns to repeat the last value and drifts when it is on its own.
    """

    cycles: Annotated[int, Field(ge=1, le=16)] = 1
    cycle: Annotated[int, Field(ge=1, le=12)] = 7
    residual: Width = 32
    skip: Width = 64
    head: Width = 64
    channels: Width = 64
    forget: Fraction = 0.9

    def dilation_list(self) -> list[int]:
        """One a layer."""
        return dilation_cycles(self.cycles, self.cycle)

    def field(self) -> int:
        """Frames back that a value sees."""
        return receptive_field(2, self.dilation_list())


class EnvelopeConfig(ProsodyConfig):
    """Dense layers that tell a linear predictor of each frame.

    Args:
        order: values that a prediction is made of.
        levels, emphasis: of the codes that are predicted, see `Codec`; as of the WaveNet.
        units: of a hidden layer. layers: how many. halo: frames on either side that a frame sees.
    """

    order: Annotated[int, Field(ge=1, le=256)] = 20
    levels: Annotated[int, Field(ge=2, le=65_536)] = 256
    emphasis: Annotated[float, Field(ge=0.0, le=0.99)] = 0.9
    units: Width = 256
    layers: Annotated[int, Field(ge=1, le=16)] = 3
    halo: Annotated[int, Field(ge=0, le=64)] = 1

    def codec(self) -> Codec:
        """From sound to codes and back."""
        from genkit.data.audio.codec import Codec

        return Codec(self.levels, self.emphasis)


def speech_conflicts(data: Any) -> list[tuple[str, str]]:
    """Where a data section has no phones to learn from."""
    if not hasattr(data, "phone_set"):
        return [("data.name", f"needs recordings of speech; '{data.name}' holds none")]
    if data.phone_set() is None:
        return [("data.name", f"needs recordings with phones; '{data.name}' has none")]
    return []


def inputs_of(config: ProsodyConfig, data: Any) -> int:
    """Features of a phone and the global condition."""
    return phone_width(len(data.phone_set().names)) + config.vector_width(data)


def duration_parameters(config: DurationConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    dense = (inputs_of(config, data) + 1) * config.dense
    lstm = 4 * config.units * (config.dense + config.units + 1)
    return dense + lstm + config.units + 1


def pitch_parameters(config: PitchConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    entry = (PITCH + 2) * config.residual  # the contour, whether it is known, a bias
    features = (phone_width(len(data.phone_set().names)) + FRAME + 1) * config.channels
    stack = stack_parameters(
        config.residual,
        config.residual,
        config.skip,
        2,
        len(config.dilation_list()),
        config.vector_width(data),
        config.channels,
    )
    return entry + features + stack + (config.skip + 1) * config.head + (config.head + 1) * PITCH


def envelope_parameters(config: EnvelopeConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    features = phone_width(len(data.phone_set().names)) + FRAME
    first = ((2 * config.halo + 1) * features + config.vector_width(data) + 1) * config.units
    hidden = (config.layers - 1) * (config.units + 1) * config.units
    return first + hidden + (config.units + 1) * (config.order + 1)


def duration_outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built."""
    parameters = duration_parameters(recipe.model, recipe.data)
    return {"parameters": parameters, "memory_bytes": 16 * parameters}


def pitch_outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built."""
    config = recipe.model
    parameters = pitch_parameters(config, recipe.data)
    milliseconds = 1000 * config.field() * config.hop / recipe.data.sample_rate
    return {
        "parameters": parameters,
        "memory_bytes": 16 * parameters,
        "receptive_field": f"{config.field():,} frames, {milliseconds:,.0f} ms",
    }


def envelope_outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built."""
    parameters = envelope_parameters(recipe.model, recipe.data)
    return {"parameters": parameters, "memory_bytes": 16 * parameters}
