"""How many agent steps a second training makes, from end to end, beside its parts alone.

    python benchmarks/agents.py [--recipe NAME]... [--updates 20] [-o key=value]...

Environments, the acting network and the update are timed alone on the same sizes. If they took
turns and nothing else took time, training would make as many steps a second as the harmonic
projection says: 1 / (1 / environments + 1 / acting + 1 / learning).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from genkit import backend
from genkit.building import build_learner
from genkit.layers.indexing import at, put
from genkit.randomness import Noise, uniform
from genkit.recipe import load_recipe

from keras import ops  # isort: skip - the backend is chosen by genkit

RECIPES = (
    "agents/catch",
    "agents/key-door",
    "agents/pong-reduced",
    "agents/maze-raycast",
    "agents/maze-raycast-lstm",
    "agents/maze-small",
    "agents/maze-small-lstm",
    "agents/pong",
    "agents/pong-lstm",
)


def seconds(run: Callable[[], Any], count: int) -> float:
    """The middle of the times of a call, once it is compiled."""
    run()
    found = []
    for _ in range(count):
        began = time.perf_counter()
        backend.synchronise(run())
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def environments(learner: Any, count: int) -> float:
    """Seconds in which all environments make the steps of an update, observations included."""
    batch, steps = learner.recipe.train.batch_size, learner.config.unroll
    choices = len(learner.actions)
    actions = (uniform(0, "actions", 0, (steps, batch)) * choices).astype(np.int32)
    if learner.around.arrays is None:
        return _played(learner, actions, count)
    env = learner.around.arrays
    numbers = uniform(0, "environments", 0, (steps, batch, env.draws))

    def stretch(state: Any, actions: Any, numbers: Any) -> tuple[Any, Any]:
        seen = env.observe(state)
        for_all = {name: ops.zeros((steps, *x.shape), x.dtype) for name, x in seen.items()}

        def step(t: Any, state: Any, kept: Any) -> tuple[Any, Any, Any]:
            for _ in range(learner.config.action_repeat):
                state = env.advance(state, at(actions, t), at(numbers, t)).state
            seen = env.observe(state)
            return t + 1, state, {name: put(kept[name], seen[name], t) for name in kept}

        start = (ops.zeros((), "int32"), state, for_all)
        _, state, kept = ops.while_loop(lambda t, *rest: t < steps, step, start)
        return state, kept

    compiled = backend.compile(stretch, [])
    state = env.begin(ops.convert_to_tensor(numbers[0]))
    return seconds(lambda: compiled(state, actions, numbers), count)


def _played(learner: Any, actions: np.ndarray, count: int) -> float:
    rollout = learner.rollout(actions.shape[1], 1.0)
    players = rollout.make()
    players.reset()

    def run() -> None:
        for action in actions:
            players.send(action)
            players.receive()

    try:
        return seconds(run, count)
    finally:
        players.close()


def acting(learner: Any, count: int) -> float:
    """Seconds in which the network chooses all actions of an update."""
    batch, steps = learner.recipe.train.batch_size, learner.config.unroll
    network, config = learner.network, learner.config
    # Another observation at each step: one that stayed would be looked at once for all of them.
    every = {
        name: np.ones((steps, batch, *space.shape), space.dtype)
        for name, space in learner.around.observation.items()
        if name in config.inputs()
    }
    seen = {name: array[0] for name, array in every.items()}
    action, reward = np.zeros(batch, np.int32), np.zeros(batch, np.float32)
    state = np.zeros((batch, network.state_width), np.float32)
    noise = uniform(0, "acting", 0, (batch,))
    from genkit.rl.policy import choose_action

    def one(seen: Any, action: Any, reward: Any, state: Any, noise: Any) -> tuple[Any, Any]:
        logits, _, after = network.step(seen, action, reward, state)
        return choose_action(logits, noise, 1.0), after

    def many(every: Any, action: Any, reward: Any, state: Any, noise: Any) -> Any:
        def step(t: Any, action: Any, state: Any) -> tuple[Any, Any, Any]:
            seen = {name: at(array, t) for name, array in every.items()}
            action, state = one(seen, action, reward, state, noise)
            return t + 1, action, state

        start = (ops.zeros((), "int32"), action, state)
        return ops.while_loop(lambda t, *rest: t < steps, step, start)

    given = (seen, action, reward, state, noise)
    if learner.around.arrays is not None:
        compiled = backend.compile(many, network.variables)
        return seconds(lambda: compiled(every, *given[1:]), count)
    single = backend.compile(one, network.variables)

    def run() -> None:
        for _ in range(steps):
            np.asarray(ops.convert_to_numpy(single(*given)[0]))

    return seconds(run, count)


def learning(learner: Any, count: int) -> float:
    """Seconds of an update on a stretch that is there."""
    feed = learner.feed("train", 0)
    _, batch = feed.whole()
    feed.close()
    return seconds(lambda: learner.update(batch, Noise(0, 0))["loss"], count)


def training(learner: Any, count: int) -> dict[str, float]:
    """Seconds of an update from end to end, and their shares."""
    feed = learner.feed("train", 0)
    done, batch = feed.whole()
    learner.update(batch, Noise(0, 0))
    first = done + 1
    for k in range(first, first + 3):
        learner.update(feed.batch(k), Noise(0, k))
    shares: dict[str, list[float]] = {}
    began = time.perf_counter()
    for k in range(first + 3, first + 3 + count):
        metrics = learner.update(feed.batch(k), Noise(0, k))
        for name in ("acting", "learning", "waiting"):
            shares.setdefault(name, []).append(float(metrics[f"{name}_percent"]))
    total = (time.perf_counter() - began) / count
    feed.close()
    return {"seconds": total, **{name: statistics.fmean(own) for name, own in shares.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", action="append")
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("-o", dest="overrides", action="append", default=[])
    given = parser.parse_args()
    print("| recipe | environments | acting | learning | projected | trained | of it | time |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in given.recipe or RECIPES:
        learner: Any = build_learner(load_recipe(name, given.overrides))
        per_update = learner.recipe.train.batch_size * learner.config.unroll
        whole = training(learner, given.updates)
        alone = [part(learner, given.updates) for part in (environments, acting, learning)]
        rates = [per_update / part for part in (*alone, sum(alone), whole["seconds"])]
        ratio = 100 * rates[-1] / rates[-2]
        shares = ", ".join(f"{k} {whole[k]:.0f} %" for k in ("acting", "learning", "waiting"))
        print(f"| {name} | " + " | ".join(f"{r:,.0f}" for r in rates), end="")
        print(f" | {ratio:.0f} % | {shares} |", flush=True)


if __name__ == "__main__":
    main()
