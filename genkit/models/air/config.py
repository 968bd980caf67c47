"""The `model` section of an AIR recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import NonNegativeInt, PositiveFloat, PositiveInt, Section

Width = Annotated[int, Field(ge=1, le=8192)]
Slots = Annotated[int, Field(ge=1, le=16)]


class PresenceConfig(Section):
    """The prior of a further thing, which training weighs presence against.

    anneal: log-odds from `start` to `end` over `steps` updates. fixed: `probability`. learned: a
    log-odds for each slot, trained with the rest. geometric: so that n things have a probability
    proportional to `ratio` to the power of n, n from 0 to the number of slots.

    Whatever it is, samples and reported likelihoods use how often each count was inferred of
    late: under a prior that keeps counts low nearly every sample would be empty.
    """

    name: Literal["anneal", "fixed", "learned", "geometric"] = "anneal"
    start: float = 4.0
    end: float = -11.5
    steps: PositiveInt = 7000
    probability: Annotated[float, Field(gt=0, lt=1)] = 0.01
    ratio: PositiveFloat = 1e-4


class TemperatureConfig(Section):
    """Temperature of relaxed presence: from `start` to `end` over `steps` updates."""

    start: PositiveFloat = 1.0
    end: PositiveFloat = 0.5
    steps: PositiveInt = 7000


class AirConfig(Section):
    """Sizes of an AIR network, its priors, and how it is trained.

    Args:
        variant: `air` looks at the image in each step; `dair` at what the things so far leave
            unexplained of it.
        estimator: of the gradient through presence: `concrete` relaxes it (Maddison et al., 2016);
            `nvil` draws it and scores the draw (Mnih and Gregor, 2014), as the paper does.
        slots: how many things there can be.
        image: units of each layer between the image and the LSTM; none to give it the pixels.
        lstm: units. hidden: units of the one hidden layer of encoder and decoder of a thing.
        what: numbers that say how a thing looks.
        window: height and width at which a thing is seen and drawn.
        noise: standard deviation of a pixel about what is drawn, in parts of the brightest value.
        dark: what the decoder's outputs begin at before the sigmoid: black canvases let presence
            live through the first updates.
        zoom, zoom_deviation: prior of how many times a thing's box goes into the canvas's side.
        shift_deviation: prior of its centre, in halves of the canvas's side from its middle.
        where_deviation: of place and zoom as they are first inferred, in units of the prior's.
        presence: prior of a further thing.
        temperature: of `concrete`.
        baseline: units of the LSTM that predicts what `nvil` scores. baseline_rate: its learning
            rate. normalise: whether the scores of `nvil` are brought to mean 0 and deviation 1 by
            running averages.
    """

    variant: Literal["air", "dair"] = "air"
    estimator: Literal["concrete", "nvil"] = "concrete"
    slots: Slots = 3
    image: Annotated[list[Width], Field(max_length=4)] = Field(default_factory=lambda: [256])
    lstm: Width = 256
    hidden: Width = 200
    what: Width = 50
    window: Annotated[int, Field(ge=2, le=256)] = 28
    noise: PositiveFloat = 0.3
    dark: float = -2.0
    zoom: Annotated[float, Field(ge=1)] = 3.0
    zoom_deviation: PositiveFloat = 0.2
    shift_deviation: PositiveFloat = 0.48
    where_deviation: PositiveFloat = 0.3
    presence: PresenceConfig = PresenceConfig()
    temperature: TemperatureConfig = TemperatureConfig()
    baseline: Width = 256
    baseline_rate: PositiveFloat = 1e-3
    normalise: bool = True
    baseline_hidden: NonNegativeInt = 200

    @model_validator(mode="after")
    def _zoom_stays_positive(self) -> AirConfig:
        if self.zoom < 4 * self.zoom_deviation:
            raise ValueError(
                "zoom must be at least 4 times zoom_deviation, so that boxes keep a size. "
                f"Received: {self.zoom:g} and {self.zoom_deviation:g}"
            )
        return self

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        """Where this section does not fit the data or the training."""
        data = recipe.data
        if not hasattr(data, "image_shape"):
            yield "data.name", f"air needs images or scenes; '{data.name}' holds none"
            return
        counts = getattr(data, "counts", None)
        if counts is not None and max(counts) > self.slots:
            says = f"must be at least {max(counts)}, the most things of data.counts"
            yield "model.slots", f"{says}. Received: {self.slots}"
        unseen = getattr(data, "unseen_counts", None) or [0]
        if max(unseen) > self.slots:
            says = f"must be at least {max(unseen)}, the most things of data.unseen_counts"
            yield "model.slots", f"{says}. Received: {self.slots}"
        if self.estimator == "nvil" and recipe.train.accumulate != 1:
            yield "train.accumulate", "must be 1 with the estimator nvil"


WHERE = 3  # zoom, down, across


def parameter_count(config: AirConfig, data: Any) -> int:
    """Trained parameters of model and baseline: the closed form, which a test compares."""
    height, width, channels = data.image_shape()
    pixels = height * width * channels
    window = config.window**2 * channels
    total, seen = 0, pixels
    for units in config.image:
        total += (seen + 1) * units
        seen = units
    latents = 1 + WHERE + config.what
    total += (seen + latents + config.lstm + 1) * 4 * config.lstm
    total += (config.lstm + 1) * (1 + 2 * WHERE)
    total += (window + 1) * config.hidden + (config.hidden + 1) * 2 * config.what
    total += (config.what + 1) * config.hidden + (config.hidden + 1) * window
    if config.presence.name == "learned":
        total += config.slots
    if config.estimator == "nvil":
        total += baseline_parameters(config, pixels)
    return total


def baseline_parameters(config: AirConfig, pixels: int) -> int:
    """Those of the network that predicts scores."""
    units, latents = config.baseline, 1 + WHERE + config.what
    total, seen = 0, pixels
    for width in config.image:
        total += (seen + 1) * width
        seen = width
    total += (seen + latents + units + 1) * 4 * units
    if config.baseline_hidden:
        total += (units + 1) * config.baseline_hidden
        units = config.baseline_hidden
    return total + units + 1


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, and the activations of a
    batch. The time estimate scales one measured step.
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    height, width, channels = data.image_shape()
    parameters = parameter_count(config, data)
    rows = train.batch_size // train.accumulate
    canvas, window = height * width * channels, config.window**2 * channels
    slot = 4 * canvas + 6 * window + 12 * config.lstm + 4 * config.hidden
    copies = 5 if train.average is not None else 4
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + 8 * rows * config.slots * slot,
        "latents": f"{config.slots} things of {WHERE} numbers of place and {config.what} of looks",
    }
