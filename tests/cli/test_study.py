"""Studies whose cells depend on runs, before these runs exist and after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genkit import registry
from tests import learners
from tests.cli.conftest import TEXTURES
from tests.cli.test_light import CODE, HEAVY

STUDY = {
    "kind": "study",
    "recipe": "./cell.yaml",
    "inputs": {"base": {"recipe": "./base.yaml", "share": ["data"]}},
    "seeds": [0, 1],
}


def write(folder: Path, cell: dict[str, Any], base: dict[str, Any], **study: Any) -> str:
    """The path of a study of `cell`, which depends on `base`."""
    (folder / "cell.yaml").write_text(json.dumps({**cell, "inputs": {"base": "./base.yaml"}}))
    (folder / "base.yaml").write_text(json.dumps(base))
    (folder / "s.yaml").write_text(json.dumps({**STUDY, **study}))
    return str(folder / "s.yaml")


@pytest.mark.parametrize(
    "args", [["validate"], ["info"], ["train", "--dry-run"], ["recipe", "show", "--resolved"]]
)
def test_before_there_are_runs_it_is_told_without_a_backend(args, truly, folder) -> None:
    cell = {"family": "pixelrnn", **registry.families.get("pixelrnn").tiny["row-grey"]}
    path = write(folder, cell, TEXTURES, metric="bits_per_dim", grid={"data.size": [5, 6]})
    result = truly(code=CODE.format(args=[*args, path], heavy=HEAVY))
    code, _, loaded = json.loads(result.stderr.splitlines()[-1])
    assert (code, loaded) == (0, []), result.stderr
    assert not (folder / "runs").exists()


def test_a_dry_run_tells_of_inputs_and_cells(run, folder) -> None:
    with learners.registered():
        line, walk = (learners.mapping(family, steps=3) for family in ("line", "walk"))
        path = write(folder, line, walk, metric="mse")
        args = ["train", path, "--dry-run"]
        before = json.loads(run(*args, "--json").stdout)
        (name,) = before["inputs"]
        assert name.startswith("inputs/base/base-")
        assert before["inputs"] == {name: "new"}
        assert before["cells"] == {"seed=0": "new", "seed=1": "new"}
        assert json.loads(run("train", path, "--json").stdout)["step"] == 3
        after = json.loads(run(*args, "--json").stdout)
        assert after["inputs"] == {name: "complete at step 3"}
        assert after["cells"] == dict.fromkeys(["seed=0", "seed=1"], "complete at step 3")
        assert f"{name}  complete at step 3" in run(*args).stdout
        result = run(*args, "-o", "inputs.base.overrides.train.steps=4", "--run", after["run"])
        assert result.exit_code == 1
        assert "seed=0 was trained with the input base/base-" in result.stderr
