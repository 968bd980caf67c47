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
    log-odds for each slot, trained with the rest. certain: there is something in every slot, which
    is then not asked. geometric: so that n things have a probability
    proportional to `ratio` to the power of n, n from 0 to the number of slots.

    Whatever it is, samples and reported likelihoods use how often each count was inferred of
    late: under a prior that keeps counts low nearly every sample would be empty.
    """

    name: Literal["anneal", "fixed", "learned", "certain", "geometric"] = "anneal"
    start: float = 4.0
    end: float = -11.5
    steps: PositiveInt = 7000
    probability: Annotated[float, Field(gt=0, lt=1)] = 0.01
    ratio: PositiveFloat = 1e-4


class TemperatureConfig(Section):
    """A temperature that falls from `start` to `end` over `steps` updates, by the same difference
    in each (`linear`) or by the same factor (`geometric`)."""

    start: PositiveFloat = 1.0
    end: PositiveFloat = 0.5
    steps: PositiveInt = 7000
    path: Literal["linear", "geometric"] = "linear"


class GreedConfig(Section):
    """How much it counts, beside the bound, that first things explain an image without later ones:
    from `start` to 0 over `steps` updates. 0 for not at all."""

    start: Annotated[float, Field(ge=0)] = 0.0
    steps: PositiveInt = 5000


class RendererConfig(Section):
    """A decoder that knows solids on a table: what is inferred is which, where and how turned.

    Args:
        particles: draws of an image that are each other's baseline.
        temperature: weight of what choices cost, the divergence of presence and shape from their
            priors, so that they stay open while poses are poor; at 1 it is the bound that is
            maximised.
        place_deviation: prior of places on the table. turn_deviation: of turns, in radians.
        camera: infer how far the camera is turned about the table as well.
        supervised: learn shapes and poses from labels instead, for comparison; of one solid.
    """

    particles: Annotated[int, Field(ge=2, le=64)] = 4
    temperature: TemperatureConfig = TemperatureConfig(
        start=400.0, end=1.0, steps=5000, path="geometric"
    )
    place_deviation: PositiveFloat = 0.6
    turn_deviation: PositiveFloat = 1.8
    camera: bool = False
    supervised: bool = False


class AirConfig(Section):
    """Sizes of an AIR network, its priors, and how it is trained.

    Args:
        variant: `air` looks at the image in each step; `dair` at what the things so far leave
            unexplained of it.
        estimator: of the gradient through presence: `concrete` relaxes it (Maddison et al., 2016);
            `nvil` draws it and scores the draw (Mnih and Gregor, 2014), as the paper does.
        slots: how many things there can be.
        maps: maps of convolutions of stride 2 that see the image first; none for none.
        image: units of each layer between them and the LSTM; none to give it what comes out.
        lstm: units. predict: units of each layer between its output and what a slot says.
        hidden: units of the one hidden layer of encoder and decoder of a thing.
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
        greed: for first things that explain much on their own, through places and looks, not
            through presence that was drawn. A first step can stay empty without: to give it up is
            to give up all behind it, and the likelihood does not mind which step draws.
        baseline: units of the LSTM that predicts what `nvil` scores. baseline_rate: its learning
            rate. normalise: whether the gradient of presence is divided by the running deviation
            of what the baseline does not predict.
        renderer: draw solids in 3D instead of windows. It takes neither `variant` nor `estimator`;
            `temperature`, `greed` and all keys of windows and baselines then say nothing.
    """

    variant: Literal["air", "dair"] = "air"
    estimator: Literal["concrete", "nvil"] = "concrete"
    slots: Slots = 3
    maps: Annotated[list[Width], Field(max_length=6)] = Field(default_factory=list)
    image: Annotated[list[Width], Field(max_length=4)] = Field(default_factory=lambda: [256])
    lstm: Width = 256
    predict: Annotated[list[Width], Field(max_length=4)] = Field(default_factory=lambda: [200])
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
    greed: GreedConfig = GreedConfig()
    baseline: Width = 256
    baseline_rate: PositiveFloat = 1e-3
    normalise: bool = True
    baseline_hidden: NonNegativeInt = 200
    renderer: RendererConfig | None = None

    @property
    def heat(self) -> TemperatureConfig:
        """The temperature that counts: of the renderer, or of relaxed presence."""
        return self.temperature if self.renderer is None else self.renderer.temperature

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
        if recipe.train.precision != "float32":
            yield "train.precision", "must be float32: air knows no other"
        if recipe.train.rematerialise:
            yield "train.rematerialise", "must be false: air keeps its activations"
        if self.presence.name == "certain" and counts not in (None, [self.slots]):
            yield "model.presence.name", "certain needs data.counts to be the slots alone"
        if self.renderer is not None:
            yield from self._of_solids(recipe)

    def _of_solids(self, recipe: Any) -> Iterator[tuple[str, str]]:
        data, renderer = recipe.data, self.renderer
        if data.name != "solids":
            yield "data.name", f"a renderer needs the scenes 'solids'. Received: {data.name}"
        if self.estimator == "nvil" or self.variant == "dair":
            yield "model.renderer", "takes neither the estimator nvil nor the variant dair"
        turned = bool(getattr(data, "turn", 0.0))
        if renderer is not None and renderer.camera != turned:
            yield "model.renderer.camera", "must be true where data.turn turns it, and only there"
        if renderer is not None and renderer.supervised:
            if self.slots != 1 or getattr(data, "counts", [1]) != [1]:
                says = "learns of scenes with one solid: slots 1 and data.counts [1]"
                yield "model.renderer.supervised", says
            if renderer.camera:
                yield "model.renderer.supervised", "does not learn the camera's turn"


CERTAIN = 30.0  # log-odds that leave no doubt
WHERE = 3  # zoom, down, across
SHAPES = 3  # of solids: sphere, cube, cylinder
POSE = 3  # of solids: x, y, turn


def features(config: AirConfig, data: Any) -> tuple[int, int]:
    """Parameters of what is between an image and an LSTM, and how many numbers come out of it."""
    height, width, channels = data.image_shape()
    total = 0
    for maps in config.maps:
        total += (9 * channels + 1) * maps
        height, width, channels = -(-height // 2), -(-width // 2), maps
    seen = height * width * channels
    for units in config.image:
        total += (seen + 1) * units
        seen = units
    return total, seen


def predicted(config: AirConfig, outputs: int) -> int:
    """Parameters between the LSTM and what a slot says."""
    total, seen = 0, config.lstm
    for units in config.predict:
        total += (seen + 1) * units
        seen = units
    return total + (seen + 1) * outputs


def parameter_count(config: AirConfig, data: Any) -> int:
    """Trained parameters of model and baseline: the closed form, which a test compares."""
    if config.renderer is not None:
        return solids_parameters(config, data)
    window = config.window**2 * data.image_shape()[2]
    total, seen = features(config, data)
    latents = 1 + WHERE + config.what
    total += (seen + latents + config.lstm + 1) * 4 * config.lstm
    total += predicted(config, 1 + 2 * WHERE)
    total += (window + 1) * config.hidden + (config.hidden + 1) * 2 * config.what
    total += (config.what + 1) * config.hidden + (config.hidden + 1) * window
    if config.presence.name == "learned":
        total += config.slots
    if config.estimator == "nvil":
        total += baseline_parameters(config, data)
    return total


def solids_parameters(config: AirConfig, data: Any) -> int:
    """Those of a network that infers solids."""
    total, seen = features(config, data)
    latents = 1 + SHAPES + POSE
    total += (seen + latents + config.lstm + 1) * 4 * config.lstm
    total += predicted(config, 1 + SHAPES + 2 * SHAPES * POSE)
    if config.renderer is not None and config.renderer.camera:
        total += (seen + 1) * 2
    if config.presence.name == "learned":
        total += config.slots
    return total


def baseline_parameters(config: AirConfig, data: Any) -> int:
    """Those of the network that predicts scores."""
    units, latents = config.baseline, 1 + WHERE + config.what
    total, seen = features(config, data)
    total += (seen + latents + units + 1) * 4 * units
    if config.baseline_hidden:
        total += (units + 1) * config.baseline_hidden
        units = config.baseline_hidden
    return total + units + 1


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, and the activations of a
    batch.
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    height, width, channels = data.image_shape()
    parameters = parameter_count(config, data)
    rows = train.batch_size // train.accumulate
    canvas, window = height * width * channels, config.window**2 * channels
    latents = f"{config.slots} things of {WHERE} numbers of place and {config.what} of looks"
    if config.renderer is not None:
        rows *= config.renderer.particles
        canvas *= 14 * getattr(data, "samples", 1) ** 2  # rays of six poses beside the own
        window = 0
        latents = f"{config.slots} solids of {SHAPES} shapes and {POSE} numbers of pose"
    slot = 4 * canvas + 6 * window + 12 * config.lstm + 4 * config.hidden
    copies = 5 if train.average is not None else 4
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + 8 * rows * config.slots * slot,
        "latents": latents,
    }
