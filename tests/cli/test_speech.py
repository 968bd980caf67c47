"""`genkit` that speaks: from a text to a recording in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.opening import open_run
from genkit.speech.espeak.front import utterances
from genkit.speech.utterance import in_words
from tests.speech_runs import families

RATE, HOP = 1_000, 8
TRAIN = {"steps": 2, "batch_size": 2, "checkpoint_every": 2}
DATA = {**families.get("wavenet").tiny["linguistic"]["data"], "sample_rate": RATE}
SIZES = {
    "speech_durations": {"hop": HOP, "dense": 4, "units": 4, "condition": ["voice"]},
    "speech_pitch": {"hop": HOP, "cycle": 2, "residual": 3, "skip": 3, "head": 3, "channels": 3},
    "speech_envelope": {"hop": HOP, "order": 3, "levels": 16, "emphasis": 0.5, "units": 4},
}
INPUTS = {
    "durations": "speech_durations",
    "pitch": "speech_pitch",
    "envelope": "speech_envelope",
}
TEXT = "A zebra!"


def recipe(family: str, **more: Any) -> dict[str, Any]:
    model = SIZES.get(family)
    if model is None:
        model = families.get(family).tiny["linguistic"]["model"]
        local = {**model["local"], "prediction": 3}
        model = {**model, "emphasis": 0.5, "local": local}
    return {"family": family, "name": family, "model": model, "data": DATA, "train": TRAIN, **more}


@pytest.fixture(scope="module")
def inputs(trained: Any) -> dict[str, str]:
    return {name: str(trained(recipe(family))) for name, family in INPUTS.items()}


@pytest.fixture(scope="module")
def speaker(trained: Any, inputs: dict[str, str]) -> Path:
    more = {"inputs": inputs, "eval": {"recognise": 2, "batch_size": 4}, "sample": {"tile": 2}}
    found: Path = trained(recipe("wavenet", **more))
    return found


def test_a_text_is_spoken_as_long_as_its_phones_last(
    run: Any, speaker: Path, inputs: dict[str, str]
) -> None:
    args = ["--condition", f"text={TEXT}", "--condition", "voice=m3"]
    result = run("sample", str(speaker), "-n", "2", "--out", "said", *args)
    assert result.exit_code == 0, result.stderr
    durations: Any = open_run(inputs["durations"], "best").learner
    (utterance,) = utterances([TEXT], ["en-us"])
    frames = durations.durations(utterance, np.array([0.0, 1.0], np.float32)).sum()
    for i in range(2):
        assert soundfile.info(f"said/{i:06d}.wav").frames == frames * HOP
    # The same from the phones of a file.
    Path("phones.txt").write_text(in_words(utterance, durations.phones), encoding="utf-8")
    args = ["--condition", "phones=phones.txt:0", "--condition", "voice=m3"]
    assert run("sample", str(speaker), "-n", "2", "--out", "again", *args).exit_code == 0
    said, again = (soundfile.read(f"{folder}/000001.wav")[0] for folder in ("said", "again"))
    np.testing.assert_array_equal(said, again)
    # Other phones in the file are another job.
    Path("phones.txt").write_text("t 'i: _.", encoding="utf-8")
    assert run("sample", str(speaker), "-n", "2", "--out", "again", *args).exit_code == 2


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("text=", "at least one letter"),
        ("text=a ☃", "SNOWMAN"),
        ("text=你好", "English front end cannot read"),
        ("phones=", "at least one phone"),
        ("phones=D 'Q", "no phone"),
        ("recording=test:7", "test has 2 recordings"),
        ("language=cmn", "unknown condition 'language'"),
        ("audio=x.wav", "unknown condition 'audio'"),
    ],
)
def test_what_cannot_be_said_is_a_sentence_and_no_traceback(
    run: Any, speaker: Path, condition: str, says: str
) -> None:
    result = run("sample", str(speaker), "-n", "1", "--out", "said", "--condition", condition)
    assert result.exit_code in (1, 2)
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_run_that_speaks_is_evaluated(run: Any, speaker: Path) -> None:
    result = run("eval", str(speaker), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout.strip().splitlines()[-1])["metrics"]
    for kind in ("real", "copies", "spoken"):
        assert found[f"{kind}_phone_accuracy"] <= 1.0
    assert found["copies_mcd_db"] > 0
    assert found["spoken_mcd_db"] > 0
    assert found["spoken_real_time_factor"] > 0
    names = {path.name for path in (speaker / "evaluation").iterdir()}
    assert {"test-spoken.png", "test-samples.png", "test-speech.csv"} <= names


@pytest.mark.parametrize("family", INPUTS)
def test_prosody_is_evaluated_and_scored(run: Any, inputs: dict[str, str], family: str) -> None:
    result = run("eval", inputs[family], "--json")
    assert result.exit_code == 0, result.stderr
    result = run("score", inputs[family], "--data", "test", "--out", "rows.jsonl")
    assert result.exit_code == 0, result.stderr
    assert len(Path("rows.jsonl").read_text().splitlines()) == 2
    result = run("sample", inputs[family], "--out", "x")
    assert result.exit_code == 2
    assert "nothing to sample" in result.stderr


def test_inputs_that_do_not_fit_are_named(run: Any, inputs: dict[str, str]) -> None:
    swapped = {"durations": inputs["pitch"], "other": inputs["pitch"]}
    Path("x.yaml").write_text(json.dumps(recipe("wavenet", inputs=swapped)), encoding="utf-8")
    result = run("validate", "x.yaml")
    assert result.exit_code == 2
    assert "must be a run of speech_durations" in result.stderr
    assert "model.local.prediction: needs a run" in result.stderr
    assert "unknown input 'other'" in result.stderr

    plain = recipe("wavenet", inputs={"pitch": inputs["pitch"]})
    local = {**plain["model"]["local"], "pitch": False, "prediction": 0}
    plain["model"] = {**plain["model"], "local": local}
    Path("x.yaml").write_text(json.dumps(plain), encoding="utf-8")
    assert "is for models with local.pitch" in run("validate", "x.yaml").stderr
    deaf = recipe("wavenet", inputs=inputs)
    deaf["model"] = {**deaf["model"], "condition": []}
    Path("x.yaml").write_text(json.dumps(deaf), encoding="utf-8")
    assert (
        "is steered by voice (f2, m3), which this model is not" in run("validate", "x.yaml").stderr
    )
    longer = recipe("wavenet", inputs=inputs)
    longer["model"] = {**longer["model"], "local": {**longer["model"]["local"], "strides": [4, 4]}}
    Path("x.yaml").write_text(json.dumps(longer), encoding="utf-8")
    assert "frames of 8 ms, this model of 16 ms" in run("validate", "x.yaml").stderr


def test_envelopes_of_other_codes_are_refused(run: Any, inputs: dict[str, str]) -> None:
    other = recipe("wavenet", inputs=inputs)
    other["model"] = {**other["model"], "emphasis": 0.25}
    Path("x.yaml").write_text(json.dumps(other), encoding="utf-8")
    result = run("validate", "x.yaml")
    assert result.exit_code == 2
    says = "inputs.envelope: has emphasis 0.5, and model.emphasis is 0.25: they must be the same"
    assert says in result.stderr
