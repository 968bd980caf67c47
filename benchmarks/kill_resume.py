"""Kill a training with SIGKILL at random moments, go on, and compare with an undisturbed run.

    python benchmarks/kill_resume.py gated_pixelcnn/digits --steps 400 --kills 5

Prints one JSON object; exits 1 if any array differs in any bit.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from genkit.run import Run
from genkit.run.metrics import MetricsLog


def command(recipe: str, folder: Path, steps: int) -> list[str]:
    options = ["-o", "train.checkpoint_every=25", "-o", "train.log_every=10"]
    program = [sys.executable, "-m", "genkit_cli", "train", recipe, "--run", str(folder)]
    return [*program, "--steps", str(steps), *options]


def killed_after(recipe: str, folder: Path, steps: int, moment: int, delay: float) -> int:
    """Kill the process `delay` seconds after it logged step `moment`; the step it had logged."""
    process = subprocess.Popen(command(recipe, folder, steps), stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and last_logged(folder) < moment:
            time.sleep(0.05)
        time.sleep(delay)
    finally:
        process.kill()
        process.wait()
    return last_logged(folder)


def last_logged(folder: Path) -> int:
    try:
        records = MetricsLog(folder / "metrics.jsonl").read()
    except OSError:
        return 0
    return max((int(record["step"]) for record in records), default=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    moments = random.Random(chosen.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory() as name:
        whole, cut = Path(name) / "whole", Path(name) / "cut"
        subprocess.run(command(chosen.recipe, whole, chosen.steps), check=True)
        kills = [
            killed_after(
                chosen.recipe,
                cut,
                chosen.steps,
                moments.randrange(0, chosen.steps * (i + 1) // (chosen.kills + 1)),
                moments.uniform(0.0, 1.0),
            )
            for i in range(chosen.kills)
        ]
        subprocess.run(command(chosen.recipe, cut, chosen.steps), check=True)
        left, right = (Run.open(str(f)).load_checkpoint("last").arrays for f in (whole, cut))
    different = [n for n in left if not np.array_equal(left[n], right.get(n))]
    report = {
        "recipe": chosen.recipe,
        "steps": chosen.steps,
        "killed_after_step": kills,
        "arrays": len(left),
        "different": different,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 1 if different or len(left) != len(right) else 0


if __name__ == "__main__":
    raise SystemExit(main())
