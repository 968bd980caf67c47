"""The `data` sections of tasks over time. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import DataConfig, PositiveInt

Length = Annotated[int, Field(ge=1, le=1000)]


class CopyTaskConfig(DataConfig):
    """Symbols that are read and then said, once or several times.

    An episode reads `length` symbols, then a mark that holds how often to say them, then nothing
    for as long as it takes to say them; with repeats an end is to be said last.

    Args:
        symbols: of the alphabet.
        repeat: they are to be said several times, how often is told; else once.
        longest: length, and number of repeats, up to which they may grow.
        test_episodes: of each length, to be tested on.
    """

    name: Literal["copy_task"] = "copy_task"
    symbols: Annotated[int, Field(ge=2, le=256)] = 2
    repeat: bool = False
    longest: Length = 40
    test_episodes: PositiveInt = 200

    def stream_shape(self) -> tuple[int]:
        """Width of an input: symbols, the mark, how often."""
        return (self.symbols + 2,)

    def class_count(self) -> int | None:
        """Symbols, and the end."""
        return self.symbols + 1


class StreamConfig(DataConfig):
    """Images of digits, one a step.

    Args:
        counted: digits that are counted by the first network. seldom: by the second.
        period: steps between two ticks of the second network, at which both have to tell.
        test_steps: of the stream that is tested on.
    """

    counted: list[Annotated[int, Field(ge=0, le=9)]] = Field(
        default_factory=lambda: [1, 3, 5, 7, 9]
    )
    seldom: list[Annotated[int, Field(ge=0, le=9)]] = Field(default_factory=lambda: [3])
    period: Annotated[int, Field(ge=2, le=64)] = 4
    test_steps: PositiveInt = 2000

    @model_validator(mode="after")
    def _some(self) -> StreamConfig:
        if not self.counted or not self.seldom:
            raise ValueError("counted and seldom name one digit at least each")
        return self

    def stream_shape(self) -> tuple[int, ...]:
        """Of an image."""
        raise NotImplementedError

    def class_count(self) -> int | None:
        """Numbers that a count may be, 0 to the period."""
        return self.period + 1


class DigitStreamConfig(StreamConfig):
    """scikit-learn's digits, 8x8."""

    name: Literal["digit_stream"] = "digit_stream"

    def stream_shape(self) -> tuple[int, ...]:
        return (8, 8, 1)


class MnistStreamConfig(StreamConfig):
    """MNIST's digits, 28x28."""

    name: Literal["mnist_stream"] = "mnist_stream"

    def stream_shape(self) -> tuple[int, ...]:
        return (28, 28, 1)
