"""The combinations that a study runs: the grid, and values drawn at random."""

from __future__ import annotations

import itertools
import math
from typing import Any

from genkit import randomness
from genkit.recipe.study.schema import RandomConfig, RangeConfig, StudyConfig
from genkit.recipe.yaml_reader import Document, Location

DIGITS = 6  # of drawn numbers, so that names stay short and platforms agree

Settings = list[tuple[str, Any, Location]]


def count(config: StudyConfig) -> int:
    """How many cells a study has."""
    draws = config.random.samples if config.random else 1
    return math.prod(len(v) for v in config.grid.values()) * draws * max(1, len(config.seeds))


def combinations(config: StudyConfig, document: Document, source: str) -> list[Settings]:
    """What each cell sets, without its seed, and where that was written."""
    grid: list[Settings] = [
        [
            (key, value, document.locate(("grid", key, str(i)), source))
            for i, value in enumerate(values)
        ]
        for key, values in config.grid.items()
    ]
    draws: list[Settings] = [[]]
    if config.random:
        draws = [_draw(config.random, i, document, source) for i in range(config.random.samples)]
    return [[*chosen, *drawn] for chosen in itertools.product(*grid) for drawn in draws]


def _draw(config: RandomConfig, index: int, document: Document, source: str) -> Settings:
    return [
        (
            key,
            draw(span, config.seed, key, index),
            document.locate(("random", "ranges", key), source),
        )
        for key, span in config.ranges.items()
    ]


def draw(span: RangeConfig, seed: int, name: str, index: int) -> Any:
    """Draw `index` of the value `name`: a function of its arguments alone."""
    u = float(randomness.uniform(seed, f"study/{name}", index, (1,))[0])
    if span.choices is not None:
        return span.choices[int(u * len(span.choices))]
    low, high = float(span.low or 0.0), float(span.high or 0.0)
    if span.integer:
        low, high = low - 0.5, high + 0.5  # every whole number has an interval of its own
    if span.scale == "log":
        value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    else:
        value = low + u * (high - low)
    if span.integer:
        return int(min(max(round(value), round(low + 0.5)), round(high - 0.5)))
    return float(min(max(float(f"{value:.{DIGITS}g}"), low), high))
