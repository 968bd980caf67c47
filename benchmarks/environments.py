"""How many steps a second the built-in environments make, observations included.

    python benchmarks/environments.py [--environment NAME]... [--batch 64]...

Actions are drawn by chance. Each step is one compiled call for the whole batch, as an actor makes
it; the middle of several stretches is told, and the fastest and slowest.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from genkit import backend, registry
from genkit.randomness import uniform

from keras import ops  # isort: skip - the backend is chosen by genkit

STEPS, STRETCHES = 50, 7


def rates(name: str, batch: int) -> list[float]:
    """Steps of single environments a second, of each stretch."""
    env = registry.resolve(registry.environments.get(name).config)().make()
    count = STEPS * (STRETCHES + 1)
    numbers = uniform(0, "benchmarks/environments", 0, (count, batch, env.draws))
    chosen = uniform(0, "benchmarks/actions", 0, (count, batch)) * len(env.actions)
    chosen = chosen.astype(np.int32)

    def advance(state: Any, action: Any, noise: Any) -> tuple[Any, Any]:
        found = env.advance(state, action, noise)
        return found.state, env.observe(found.state)

    compiled = backend.compile(advance, [])
    state = env.begin(ops.convert_to_tensor(numbers[0]))
    found = []
    for stretch in range(STRETCHES + 1):  # the first one compiles
        start = time.perf_counter()
        for step in range(stretch * STEPS, (stretch + 1) * STEPS):
            state, seen = compiled(state, chosen[step], numbers[step])
        ops.convert_to_numpy(seen["image"])
        found.append(STEPS * batch / (time.perf_counter() - start))
    return found[1:]


def main() -> None:
    names = registry.environments.names()
    names = [name for name in names if registry.environments.get(name).builtin]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", action="append", choices=names)
    parser.add_argument("--batch", action="append", type=int)
    given = parser.parse_args()
    for name in given.environment or names:
        for batch in given.batch or [16, 64, 256]:
            found = sorted(rates(name, batch))
            middle = found[len(found) // 2]
            print(f"{name:14} x{batch:<4} {middle:10,.0f} ({found[0]:,.0f} to {found[-1]:,.0f})")


if __name__ == "__main__":
    main()
