"""Sound of a WaveNet: conditions in words, lengths, primes, chunks that are the recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.data.audio.attributes import vector_of
from genkit.data.audio.codec import Codec
from genkit.data.audio.mulaw import decode, encode, pcm_of
from genkit.errors import DataError, UsageError
from genkit.family import SampleSettings, SoundGenerator
from genkit.progress import SILENT
from genkit.sampling.driver import sample_tile, tile_chunks
from genkit.sampling.job import Job
from tests import sounds

TILE = 2


def drawn(learner: Any, rows: list[dict[str, str]], forced: Any = None, **settings: Any) -> Any:
    source = learner.generator(SampleSettings(TILE, **settings))
    (found,) = sample_tile(source, 5, range(TILE), rows, forced)
    return found


@pytest.fixture(scope="module")
def tagged() -> Any:
    return sounds.learner("tags", sample={"seconds": 0.04})


@pytest.mark.parametrize("tiny", list(sounds.TINY))
def test_log_probabilities_are_those_of_the_score(tiny: str) -> None:
    """What a sampler says of a recording is what `score` says of its codes."""
    learner = sounds.learner(tiny, sample={"seconds": 0.05})
    found = drawn(learner, [{}] * TILE)
    assert found.samples.shape == (TILE, 50)
    codes = encode(found.samples, 16)
    own = learner.view.conditions([{}] * TILE, 0)
    logits = np.asarray(learner.view.logits(codes, learner.view.cut(own, 0, 50)))
    chances = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    totals = np.take_along_axis(chances, codes[..., None], -1).sum((1, 2))
    np.testing.assert_allclose(found.log_prob, totals, rtol=1e-3)


def test_words_become_vectors(tagged: Any) -> None:
    arrays = tagged.view.conditions([{"tags": "harp, C3"}, {"seconds": "0.031"}], 0)
    names = tagged.rows.names["tags"]
    assert [names[i] for i in np.flatnonzero(arrays["vector"][0])] == ["harp", "C3"]
    assert not arrays["vector"][1].any()
    assert arrays["length"].tolist() == [40, 31]
    kept = vector_of({"tags": arrays["vector"].astype(np.uint8)}, tagged.rows.names)
    np.testing.assert_array_equal(kept, arrays["vector"])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"tags": "harp,C9"}, "--condition tags: unknown tag 'C9'"),
        ({"speaker": "anna"}, "unknown condition 'speaker'. Allowed: seconds, tags"),
        ({"seconds": "long"}, "--condition seconds: must be a length in seconds"),
        ({"seconds": "0.0001"}, "--condition seconds: must be a length in seconds"),
        ({"seconds": "inf"}, "--condition seconds: must be a length in seconds"),
        ({"audio": "x.wav"}, "unknown condition 'audio'"),
    ],
)
def test_wrong_words_are_told(tagged: Any, row: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        tagged.view.conditions([row], 0)
    assert says in caught.value.message


def test_recordings_end_where_they_were_asked_to(tagged: Any) -> None:
    rows = [{"tags": "harp,C3", "seconds": "0.033"}, {"tags": "bass,A2", "seconds": "0.018"}]
    found = drawn(tagged, rows)
    assert found.length.tolist() == [33, 18]
    assert found.conditions["tags"].sum(axis=1).tolist() == [2, 2]
    # A sample does not depend on the length of its neighbour, nor on its own.
    longer = drawn(tagged, [{**rows[0], "seconds": "0.037"}, rows[1]])
    np.testing.assert_array_equal(longer.samples[:, :33], found.samples)
    assert longer.log_prob[1] == pytest.approx(found.log_prob[1], rel=1e-6)


@pytest.mark.parametrize("emphasis", [0.0, 0.9])
def test_chunks_are_the_recording(emphasis: float) -> None:
    learner = sounds.learner("tags", model={"emphasis": emphasis})
    source = learner.generator(SampleSettings(1, seconds=0.25))
    assert isinstance(source, SoundGenerator)
    assert (source.sample_rate, source.length) == (1000, 250)
    chunks = list(tile_chunks(source, 3, range(1), [{}]))
    assert len(chunks) == source.chunks == 3  # a tenth of a second each
    (whole,) = source.finish(chunks, range(1))
    pieces = [source.pcm(chunk, 0) for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate(pieces), whole.samples[0])
    codes = np.concatenate([np.asarray(chunk.values) for chunk in chunks], axis=1)[0, :250]
    np.testing.assert_array_equal(pcm_of(Codec(16, emphasis).decode(codes)), whole.samples[0])


def test_a_prime_is_given_and_followed(tagged: Any, tmp_path: Path) -> None:
    split = tagged.split("test")
    forced = tagged.primes("test", "0.02")
    assert forced.values.shape == (4, 20)
    assert forced.conditions[1]["tags"].count(",") == 1
    found = drawn(tagged, list(forced.conditions[:TILE]), forced_rows(forced))
    expected = pcm_of(decode(encode(split.recording(0)[:20], 16), 16))
    np.testing.assert_array_equal(found.samples[0, :20], expected)
    # Without --keep a recording's end is given, as far as the model sees.
    whole = tagged.primes("test", None)
    reach = tagged.recipe.model.reach()
    assert whole.values.shape == (4, reach)
    np.testing.assert_array_equal(whole.values[2], encode(split.recording(2)[-reach:], 16))
    soundfile.write(tmp_path / "own.wav", np.zeros(9, np.int16), 1000)
    short = tagged.primes(str(tmp_path / "own.wav"), None)  # shorter than the receptive field
    assert short.values.tolist() == [[8] * 9]
    assert short.conditions == ()
    soundfile.write(tmp_path / "fast.wav", np.zeros(9, np.int16), 8000)
    with pytest.raises(DataError, match=r"must have 1000 Hz, .* Received: 8000 Hz"):
        tagged.primes(str(tmp_path / "fast.wav"), None)


def forced_rows(forced: Any) -> Any:
    from genkit.family import Forced

    return Forced(forced.values[:TILE], forced.mask[:TILE])


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        ("top", "--keep takes the seconds at the beginning that are given"),
        ("0", "--keep takes the seconds"),
        ("2", "is only 0.05 s long"),
    ],
)
def test_wrong_parts_to_keep(tagged: Any, keep: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        tagged.primes("test", keep)
    assert says in caught.value.message


def test_long_primes_are_taken_in_parallel() -> None:
    """What follows a prime is the same whether it was taken at once or step by step."""
    learner = sounds.learner("context", sample={"seconds": 2.2})
    rows = [learner.row_of("test", i) for i in range(TILE)]
    given = np.tile(encode(learner.split("test").recording(0), 16), 41)[:2050]
    from genkit.family import Forced

    forced = Forced(np.stack([given] * TILE), np.ones((TILE, 2050), np.uint8))
    found = drawn(learner, rows, forced)
    source = learner.generator(SampleSettings(TILE)).inner
    calls: list[int] = []
    at_once = source._given
    source._given = lambda *a: calls.append(1) or at_once(*a)
    again = drawn(learner, rows, forced)
    assert len(calls) == 2  # whole stretches of 1,024
    np.testing.assert_array_equal(again.samples, found.samples)
    source.quick_priming = False
    slow = drawn(learner, rows, forced)
    np.testing.assert_array_equal(found.samples, slow.samples)
    np.testing.assert_allclose(found.log_prob, slow.log_prob, rtol=1e-4)


def test_scores_add_up(tagged: Any) -> None:
    rows = list(tagged.score("test", 3, SILENT))
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert {row["samples"] for row in rows} == {50}
    for row in rows:
        assert row["bits_per_sample"] == pytest.approx(-row["log_prob"] / 50 / np.log(2))
    with pytest.raises(UsageError, match="this model is steered by tags, which files do not tell"):
        next(iter(tagged.score("some.wav", None, SILENT)))


@pytest.mark.parametrize("tiny", ["tags", "local"])
def test_neighbours_and_padding_change_no_sample(tiny: str, tmp_path: Path) -> None:
    """A tile that is short is computed as that of a larger job, primes and conditions included."""
    learner = sounds.learner(tiny, sample={"seconds": 0.05})
    settings = SampleSettings(4)
    row = {"tags": "harp,C3"} if tiny == "tags" else {"recording": "test:1", "seconds": "0.04"}
    forced = learner.primes("test", "0.011")
    found = []
    for count in (1, 3, 4):
        job = Job(count, 5, [row], forced)
        indices = range(count)
        rows, given = job.tile(indices, settings.tile)
        (part,) = sample_tile(learner.generator(settings), 5, indices, rows, given)
        found.append(part)
    for part in found[:-1]:
        np.testing.assert_array_equal(part.samples, found[-1].samples[: len(part.samples)])
        np.testing.assert_array_equal(part.log_prob, found[-1].log_prob[: len(part.samples)])


def test_a_local_condition_is_a_rows_own() -> None:
    """Neither longer neighbours nor the end of what is followed change a row's frames."""
    learner = sounds.learner("local")
    view, local = learner.view, learner.recipe.model.local
    short = {"recording": "test:0", "seconds": "0.03"}
    alone = view.conditions([short], 0)["local"][0]
    beside = view.conditions([short, {"seconds": "0.2"}], 0)["local"][0]
    np.testing.assert_array_equal(beside[: len(alone)], alone)
    assert not beside[len(alone) :].any()
    longer = view.conditions([{"recording": "test:0", "seconds": "0.2"}], 0)["local"][0]
    silence = view.conditions([{"seconds": "0.2"}], 0)["local"][0]
    last = slice(-local.halo - 5, -local.halo)
    np.testing.assert_array_equal(longer[last], silence[last])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"recording": "later:0"}, "takes a split and a number, such as test:0"),
        ({"recording": "test:99"}, "test has 4 recordings, 0 to 3. Received: 99"),
        ({"recording": "test:0", "audio": "x.wav"}, "audio and recording do not go together"),
    ],
)
def test_recordings_that_are_not_there(row: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        sounds.learner("local").view.conditions([row], 0)
    assert says in caught.value.message


def test_a_local_condition_follows_a_recording(tmp_path: Path) -> None:
    learner = sounds.learner("local")
    path = tmp_path / "said.wav"
    sound = (8000 * np.sin(np.arange(80) / 3)).astype(np.int16)
    soundfile.write(path, sound, 1000)
    said = drawn(learner, [{"audio": str(path)}] * TILE)
    assert said.length.tolist() == [80] * TILE
    silent = drawn(learner, [{"seconds": "0.08"}] * TILE)
    assert not np.array_equal(said.samples, silent.samples)
