"""What a WaveNet that speaks is asked to follow: texts, phones, files of phones, recordings."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from genkit.errors import DataError, UsageError
from genkit.models.wavenet.following import Followed, LinguisticFollower, phones_of
from genkit.models.wavenet.frames import LinguisticFrames
from genkit.models.wavenet.inputs import SpeakingInputs
from genkit.speech.phase import contour_phases
from genkit.speech.pitch import log_hertz_of
from tests import sounds, speech_runs

PHONES = "D @2 | k 'a t _."


class Lasting:
    """Stands for a run of durations: three frames a phone."""

    names: ClassVar[dict[str, tuple[str, ...]]] = {}

    def durations(self, utterance: Any, vector: Any) -> np.ndarray:
        return np.full(len(utterance), 3)


class Singing:
    """Stands for a run of pitch: a rising voice."""

    names: ClassVar[dict[str, tuple[str, ...]]] = {}

    def contour(self, utterance: Any, durations: np.ndarray, vector: Any) -> np.ndarray:
        rising = np.arange(durations.sum(), dtype=np.float32) / 10
        return np.stack([rising, np.ones_like(rising)], axis=1)


@pytest.fixture(scope="module")
def learner() -> Any:
    return sounds.learner("linguistic")


@pytest.fixture
def follower(learner: Any, monkeypatch: pytest.MonkeyPatch) -> LinguisticFollower:
    found: LinguisticFollower = learner.follower
    inputs = found.inputs
    monkeypatch.setattr(inputs, "runs", {"durations": None, "pitch": None})
    monkeypatch.setattr(inputs, "_opened", {"durations": Lasting(), "pitch": Singing()})
    monkeypatch.setattr(inputs, "_digests", {"durations": "a", "pitch": "b"})
    return found


def followed(follower: LinguisticFollower, **row: str) -> Followed:
    found = follower.follow({"voice": "f2", **follower.completed(row)})
    assert found is not None
    return found


def test_phones_last_as_the_run_tells_and_sound_as_high(follower: LinguisticFollower) -> None:
    found = followed(follower, phones=PHONES)
    assert found.frames.shape == (6 * 3, follower.local.width(follower.data))
    assert found.length == 6 * 3 * follower.local.hop
    np.testing.assert_allclose(found.frames[:, -2], np.arange(18) / 10, atol=1e-6)
    assert (found.frames[:, -1] == 1).all()


def test_a_text_is_its_phones(follower: LinguisticFollower) -> None:
    text = followed(follower, text="The cat.")
    phones = followed(follower, phones="D @2 | k 'a t _.")
    np.testing.assert_array_equal(text.frames, phones.frames)


def test_a_recording_has_its_own_durations(learner: Any, follower: LinguisticFollower) -> None:
    found = followed(follower, recording="test:1")
    split = learner.split("test")
    assert found.length == len(split.recording(1))
    spoken, number = learner.spoken(learner.rows.frames, "test:1")
    np.testing.assert_array_equal(found.frames, spoken.features(number, pitch=True))


def test_lines_of_a_file(tmp_path: Path, follower: LinguisticFollower) -> None:
    path = tmp_path / "sentences.txt"
    path.write_text(f"t 'i: _.\n\n{PHONES}\n", encoding="utf-8")
    assert phones_of(str(path)) == "t 'i: _."
    assert phones_of(f"{path}:1") == PHONES
    assert phones_of(PHONES) == PHONES
    with pytest.raises(DataError, match="has 2 lines with phones, counted from 0, no 2"):
        phones_of(f"{path}:2")
    one, other = (follower.digest({"phones": f"{path}:{row}"}) for row in (0, 1))
    assert one is not None
    assert one != other
    assert follower.digest({}) is None
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        phones_of(f"{path}:0")


def test_silence_is_a_pause_without_voice(follower: LinguisticFollower) -> None:
    frames = follower.silence(10 * follower.local.hop - 1)
    assert frames.shape == (10, follower.local.width(follower.data))
    assert not frames[:, -2:].any()


@pytest.mark.parametrize(
    ("row", "error", "says"),
    [
        ({"text": "a", "phones": PHONES}, UsageError, "text and phones do not go together"),
        ({"text": ""}, UsageError, "at least one letter"),
        ({"text": "你好"}, UsageError, "English front end cannot read"),
        ({"text": "hi", "language": "de"}, UsageError, "this run speaks en-us. Received: 'de'"),
        ({"phones": "D 'Q"}, UsageError, 'no phone "\'Q"'),
        ({"phones": "_"}, UsageError, "at least one phone"),
        ({"recording": "test:9"}, UsageError, "test has 2 recordings"),
        ({"recording": "first"}, UsageError, "takes a split and a number"),
    ],
)
def test_what_cannot_be_followed(
    follower: LinguisticFollower, row: dict[str, str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        follower.follow(follower.completed(row))


def test_a_run_without_inputs_follows_recordings_only(learner: Any) -> None:
    with pytest.raises(UsageError, match="this run has no input 'durations'"):
        learner.follower.follow({"phones": PHONES})


def test_data_without_a_front_end_takes_phones_only(
    follower: LinguisticFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(follower.data), "front_ends", lambda self: ())
    with pytest.raises(UsageError, match="no front end writes"):
        follower.follow({"text": "hello"})


def test_the_language_of_a_text_is_seen(learner: Any) -> None:
    section = learner.recipe.data.model_copy(update={"languages": ["en-us", "cmn"]})
    recipe = learner.recipe.model_copy(update={"data": section})
    follower = LinguisticFollower(recipe, learner.rows.frames, learner.spoken)
    assert follower.completed({"text": "你好"})["language"] == "cmn"
    assert follower.completed({"text": "hello"})["language"] == "en-us"
    assert follower.completed({"text": "你好", "language": "en-us"})["language"] == "en-us"


def test_the_width_without_pitch_is_smaller(learner: Any) -> None:
    plain = sounds.learner("linguistic", model={"local": {
        "features": "linguistic", "pitch": False, "strides": [2, 4], "channels": 3, "halo": 1,
    }})  # fmt: skip
    assert plain.rows.frames.width == learner.rows.frames.width - 2


def test_real_runs_of_durations_and_pitch_are_asked(learner: Any) -> None:
    recipe, rows = learner.recipe, [{"phones": PHONES, "voice": "m3"}]
    inputs = SpeakingInputs({"durations": None, "pitch": None})
    frames = LinguisticFrames(recipe.model.local, recipe.data, inputs)
    follower = LinguisticFollower(recipe, frames, learner.spoken)
    durations = speech_runs.learner("speech_durations", model={"condition": ["voice"]})
    pitch = speech_runs.learner("speech_pitch", model={"condition": ["voice"]})
    inputs._opened.update(durations=durations, pitch=pitch)
    found = follower.follow(rows[0])
    assert found is not None
    from genkit.speech.utterance import written

    utterance, vector = written(PHONES, follower.phones), np.array([0.0, 1.0], np.float32)
    lasting = durations.durations(utterance, vector)
    assert len(found.frames) == lasting.sum()
    contour = pitch.contour(utterance, lasting, vector)
    np.testing.assert_allclose(found.frames[:, -2:], contour, atol=1e-5)


def test_a_recording_is_described_as_it_is(learner: Any, follower: LinguisticFollower) -> None:
    split = learner.split("test")
    for number in range(2):
        voice = ["f2", "m3"][int(split.attributes["voice"][number])]
        assert follower.completed({"recording": f"test:{number}"})["voice"] == voice
    assert follower.completed({"recording": "test:0", "voice": "m3"})["voice"] == "m3"


def test_other_weights_of_an_input_are_other_values(
    follower: LinguisticFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"text": "The cat."}
    before = follower.digest(row)
    assert before == follower.digest(row)
    monkeypatch.setitem(follower.inputs._digests, "pitch", "c")
    assert follower.digest(row) != before


def test_inputs_are_told_the_voice_that_the_model_is_told(
    learner: Any, follower: LinguisticFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the row leaves it open, and it follows from the sample's number."""
    told = []

    class Listening(Lasting):
        names: ClassVar[dict[str, tuple[str, ...]]] = {"voice": ("f2", "m3")}

        def durations(self, utterance: Any, vector: Any) -> np.ndarray:
            told.append(vector.tolist())
            return super().durations(utterance, vector)

    monkeypatch.setitem(follower.inputs._opened, "durations", Listening())
    arrays = learner.words(None)([{"phones": PHONES}] * 3, 4)
    assert told == arrays["vector"].tolist()
    assert told[0] != told[1]


def test_a_text_has_the_phase_of_its_pitch(follower: LinguisticFollower) -> None:
    learner = sounds.learner("harmonics")
    local, data = learner.recipe.model.local, learner.recipe.data
    frames = LinguisticFrames(local, data, follower.inputs)
    turning = LinguisticFollower(learner.recipe, frames, learner.spoken)
    own, plain = (followed(each, phones=PHONES).frames for each in (turning, follower))
    np.testing.assert_array_equal(own[:, :-2], plain)
    rate, hop = learner.recipe.data.sample_rate, learner.recipe.model.local.hop
    phases = contour_phases(log_hertz_of(plain[:, -2]), rate, hop)
    np.testing.assert_array_equal(own[:, -2:], phases)
    assert not turning.silence(20)[:, -4:].any()
    spoken, number = learner.spoken(learner.rows.frames, "test:1")
    found = followed(learner.follower, recording="test:1")
    np.testing.assert_array_equal(found.frames, spoken.features(number, pitch=True, phase=True))


class Shaping:
    """Stands for a run of envelopes: a predictor of order 2 that tells the frame and the voice."""

    names: ClassVar[dict[str, tuple[str, ...]]] = {"voice": ("f2", "m3")}

    def envelope(self, said: np.ndarray, vector: np.ndarray) -> np.ndarray:
        count = np.arange(len(said), dtype=np.float32)
        return np.stack([0.01 * count, np.full_like(count, vector[1]), -count], axis=1)


def test_an_envelope_stands_before_the_pitch(
    learner: Any, follower: LinguisticFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = learner.recipe.model
    local = model.local.model_copy(update={"prediction": 2})
    recipe = learner.recipe.model_copy(update={"model": model.model_copy(update={"local": local})})
    monkeypatch.setitem(follower.inputs._opened, "envelope", Shaping())
    monkeypatch.setitem(follower.inputs._digests, "envelope", "c")
    monkeypatch.setattr(follower.inputs, "runs", {**follower.inputs.runs, "envelope": None})
    frames = LinguisticFrames(local, recipe.data, follower.inputs)
    recording = partial(learner.spoken, learner.rows.frames)
    shaped = LinguisticFollower(recipe, frames, recording)
    column = local.prediction_column(recipe.data)
    plain = followed(follower, phones=PHONES, voice="m3").frames
    found = followed(shaped, phones=PHONES, voice="m3").frames
    assert found.shape[1] == plain.shape[1] + 3 == frames.width
    np.testing.assert_array_equal(np.delete(found, range(column, column + 3), axis=1), plain)
    np.testing.assert_array_equal(found[:, column + 1], np.ones(len(found)))
    np.testing.assert_array_equal(found[:, column + 2], -np.arange(len(found)))
    # A recording has the same as in training, and what it follows depends on the run's weights.
    own = followed(shaped, recording="test:1").frames
    np.testing.assert_array_equal(own, frames.of(learner.split("test"), 1, 0, len(own)))
    assert shaped.digest({"recording": "test:1"}) == "c"
    assert follower.digest({"recording": "test:1"}) is None
    silent = shaped.silence(20)
    assert silent.shape[1] == frames.width
    assert not silent[:, column : column + 2].any()
    assert (silent[:, column + 2] < -2).all()
