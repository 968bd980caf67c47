"""The `model` section of a WaveNet that names phones (van den Oord et al., 2016, arXiv:1609.03499,
section 3.4), and what follows from it. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat

from genkit.metrics.speech.folding import TIMIT_39
from genkit.models.speech_prosody.config import speech_conflicts
from genkit.models.wavenet.config import CodesConfig, Width, step_seconds
from genkit.recipe.schema import Fraction
from genkit.speech.phones import PAUSE

Odd = Annotated[int, Field(ge=1, le=63)]
Speed = Annotated[float, Field(ge=0.5, le=2.0)]
PAUSES = {None: PAUSE, "timit-39": "sil"}


class PhoneRecogniserConfig(CodesConfig):
    """Sizes of a WaveNet whose outputs are averaged over frames, and of what names the frames.

    Args:
        pool: audio samples of a frame; 160 are 10 ms at 16 kHz, as in the paper.
        layers, channels, width: non-causal convolutions over frames, and taps of each.
        dropout: share of what the first of them and the classifier read that is hidden in training.
        noise: standard deviation, in codes, of noise on the codes that are seen in training, drawn
            for each window as in `WaveNetConfig`.
        speeds: the recordings of the training split are played at each of these as well as at 1.
        gain: decibels by which a window of training is louder or softer at most.
        next_sample: weight of the loss of the next sample beside that of the frames; 0 for the
            frames alone.
        fold: `timit-39`, the customary 39 phones of TIMIT's 61; null for the phones of the data.
    """

    pool: Annotated[int, Field(ge=1, le=4096)] = 160
    layers: Annotated[int, Field(ge=0, le=32)] = 3
    channels: Width = 128
    width: Odd = 5
    dropout: Fraction = 0.3
    noise: Annotated[float, Field(ge=0.0, le=1024.0)] = 0.0
    speeds: list[Speed] = Field(default_factory=list)
    gain: Annotated[float, Field(ge=0.0, le=40.0)] = 0.0
    next_sample: NonNegativeFloat = 1.0
    fold: Literal["timit-39"] | None = None

    @property
    def halo(self) -> int:
        """Frames on either side that the phone of a frame is judged by."""
        return self.layers * (self.width // 2)

    @property
    def context(self) -> int:
        """Audio samples before a window that its frames need, a multiple of `pool`."""
        return (-(-self.codes_seen() // self.pool) + 2 * self.halo) * self.pool

    def table(self) -> dict[str, str | None]:
        """Label -> label that it counts as, None for none; the others stay."""
        return {} if self.fold is None else dict(TIMIT_39)

    def labels(self, data: Any) -> tuple[str, ...]:
        """The phones that frames are named by, the pause among them."""
        if self.fold is None:
            return (*data.phone_set().names, PAUSE)
        return tuple(sorted({label for label in TIMIT_39.values() if label is not None}))

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        data = recipe.data
        found = speech_conflicts(data)
        if found:
            return found
        if self.fold == "timit-39" and not set(data.phone_set().names) <= set(TIMIT_39):
            found.append(("model.fold", "is for the phones of TIMIT, which this data has not"))
        if data.crop % self.pool:
            says = f"must be a multiple of model.pool, {self.pool}. Received: {data.crop}"
            found.append(("data.crop", says))
        return found


def parameter_count(config: PhoneRecogniserConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    total = config.stack_parameters() + (config.head_parameters() if config.next_sample else 0)
    channels = config.channels
    total += (config.skip + 1) * channels
    total += config.layers * (config.width * channels + 1) * channels
    return total + (channels + 1) * len(config.labels(data))


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built; the time scales one measured step."""
    config, data, train = recipe.model, recipe.data, recipe.train
    parameters = parameter_count(config, data)
    length = data.crop + config.context
    rows = train.batch_size // train.accumulate
    widths = 9 * config.residual * len(config.dilation_list()) + 4 * config.levels
    copies = 5 if train.average is not None else 4
    around = (2 * config.halo + 1) * config.pool
    field = config.codes_seen() + around - 1
    seconds = step_seconds(parameters * length * train.batch_size) * train.steps
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + 4 * rows * length * widths,
        "receptive_field": f"{field:,} samples, {1000 * field / data.sample_rate:,.1f} ms",
        "receptive_field_samples": field,
        "train_seconds_two_cores": round(seconds),
    }
