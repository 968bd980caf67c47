"""Small configurations that drive every test suite. Light: no Keras."""

from __future__ import annotations

from typing import Any


def configurations() -> dict[str, Any]:
    """Each kind of layer, module, cut and target."""
    textures = {"name": "textures", "size": 6, "levels": 4, "train_count": 32, "test_count": 12}
    points = {"name": "toys", "count": 24}
    short = {"batch_size": 8}
    fast = {"batch_size": 12}
    small = {"depth": 2, "width": 5}
    module = {"hidden": [6], "condition": True}
    maps = {"convolutions": [{"maps": 3, "kernel": 3}], "depth": 1, "width": 5}
    line = {"depth": 0, "activation": "linear", "normalise": False, "loss": "mse"}
    linear = {"kind": "linear", "condition": True, "search": True}

    def of(model: dict[str, Any], data: dict[str, Any] = textures, **train: Any) -> dict[str, Any]:
        return {"model": model, "data": data, "train": {**short, **train}, "eval": fast}

    return {
        "dense": of({**small, "module": module}),
        "maps": of({**maps, "module": {**module, "kernel": 3}, "method": "sg_prop"}),
        "critic": of({**maps, "module": {**module, "kernel": 3}, "method": "critic_prop"}),
        "aligned": of({**small, "method": "fa", "activation": "tanh"}),
        "direct": of({**small, "method": "dfa"}),
        "some": of({**small, "module": module, "update_prob": 0.5, "warmup_bprop": 1, "mix": 0.1}),
        "both": of({**small, "module": module, "unlock": "both"}),
        "line": of({**line, "position": "output", "module": linear}, points),
        "plane": of(
            {**line, "depth": 2, "width": 2, "position": "middle", "loss": "log"}
            | {"module": {"kind": "linear_sigmoid", "condition": True}},
            points,
        ),
        "copy": of(
            {"recurrent": {"units": 5, "window": 3, "hidden": 4, "auxiliary": True}},
            {"name": "copy_task", "repeat": True, "longest": 4, "test_episodes": 6},
        ),
        "clocks": of(
            {"clocks": {"encoder": 6, "units": 5, "message": 3, "hidden": 4}},
            {"name": "digit_stream", "period": 3, "test_steps": 24},
        ),
        "locked": of(
            {"method": "bprop", "clocks": {"encoder": 6, "units": 5, "message": 3, "hidden": 4}},
            {"name": "digit_stream", "period": 3, "test_steps": 24},
        ),
    }
