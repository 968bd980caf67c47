"""The phone recogniser, on sounds that are easy to tell apart and on recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit import randomness
from genkit.data.audio.alignment import read_segments
from genkit.data.audio.dataset import Segment
from genkit.errors import DataError, UsageError
from genkit.metrics.speech import phones
from genkit.metrics.speech.folding import TIMIT_39
from genkit.metrics.speech.frame_classifier import FrameClassifier, Frames, train_classifier
from genkit.metrics.speech.phone_features import phone_features, with_context
from genkit.metrics.speech.phones import PhoneRecogniser, phone_error_rate

RATE = 8_000
PHONES = ("ee", "oo", "ss", "pau")


def sound(phone: str, length: int, index: int) -> np.ndarray:
    """A high tone, a low tone, noise, or next to nothing."""
    noise = randomness.normal(0, "test/phones", index, (length,))
    time = np.arange(length) / RATE
    voiced = {"ee": 2_400.0, "oo": 400.0}
    if phone in voiced:
        return 0.2 * np.sin(2 * np.pi * voiced[phone] * time) + 0.002 * noise
    return (0.1 if phone == "ss" else 0.001) * noise


def utterance(index: int, count: int = 8) -> tuple[np.ndarray, list[Segment]]:
    """Phones of 50 to 110 ms, none after itself, between two pauses."""
    drawn = randomness.uniform(0, "test/phones/word", index, (count, 2))
    names = ["pau"]
    for place in drawn[:, 0]:
        others = [phone for phone in PHONES[:3] if phone != names[-1]]
        names.append(others[int(place * len(others))])
    names.append("pau")
    lengths = [480, *(400 + 480 * drawn[:, 1]).astype(int).tolist(), 480]
    ends = np.cumsum(lengths).tolist()
    alignment = [
        Segment(end - length, end, name)
        for end, length, name in zip(ends, lengths, names, strict=True)
    ]
    parts = [
        sound(each.label, each.end - each.start, 100 * index + i)
        for i, each in enumerate(alignment)
    ]
    return np.concatenate(parts).astype(np.float32), alignment


def utterances(start: int, count: int) -> tuple[list[np.ndarray], list[list[Segment]]]:
    pairs = [utterance(index) for index in range(start, start + count)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@pytest.fixture(scope="module")
def recogniser() -> PhoneRecogniser:
    return PhoneRecogniser.fit(*utterances(0, 30), RATE)


def test_what_was_said_is_heard(recogniser: PhoneRecogniser) -> None:
    recordings, alignments = utterances(100, 10)
    assert recogniser.labels == ("ee", "oo", "pau", "ss")
    assert recogniser.frame_error(recordings, alignments) < 0.05
    assert recogniser.phone_error(recordings, alignments) < 0.03
    assert recogniser.phones(alignments[0]) == [s.label for s in alignments[0][1:-1]]


def test_phones_are_heard_where_they_are(recogniser: PhoneRecogniser) -> None:
    recording, alignment = utterance(100)
    heard = recogniser.transcribe(np.rint(32_767 * recording).astype(np.int16))
    assert [each.label for each in heard] == [each.label for each in alignment[1:-1]]
    for each, said in zip(heard, alignment[1:-1], strict=True):
        assert abs(each.start - said.start) <= 160
        assert abs(each.end - said.end) <= 160


def test_what_was_not_said_is_not_heard(recogniser: PhoneRecogniser) -> None:
    recordings, alignments = utterances(100, 10)
    others = alignments[1:] + alignments[:1]
    assert recogniser.phone_error(recordings, others) > 0.3
    assert recogniser.frame_error(recordings, others) > 0.3
    strange = [[Segment(0, len(each), "zz")] for each in recordings]
    assert recogniser.frame_error(recordings, strange) == 1.0
    assert recogniser.transcribe(sound("pau", 4_000, 7)) == []
    for length in (0, 1, 79, 200):
        assert len(recogniser.transcribe(np.zeros(length))) <= 1


def test_training_is_a_function_of_the_seed(recogniser: PhoneRecogniser) -> None:
    known = utterances(0, 6)
    features = [phone_features(each, RATE) for each in utterances(100, 2)[0]]
    every = np.concatenate([with_context(each, np.arange(len(each))) for each in features])
    found = [
        PhoneRecogniser.fit(*known, RATE, seed=seed, limit=200).classifier.log_probabilities(every)
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0.1
    np.testing.assert_allclose(np.exp(found[0]).sum(axis=1), 1.0, atol=1e-4)
    # The network has its own numbers, besides the choice of recordings and frames.
    frames = every, np.arange(len(every)) % 3
    first, again, other = (train_classifier(frames, frames, 3, seed) for seed in (1, 1, 2**62))
    np.testing.assert_array_equal(first.network.coefs_[0], again.network.coefs_[0])
    assert np.abs(first.network.coefs_[0] - other.network.coefs_[0]).max() > 0.01


def test_so_many_frames_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {}

    def train(known: Frames, held_out: Frames, *rest: int) -> FrameClassifier:
        taken.update(known=known, held_out=held_out)
        return train_classifier(known, held_out, *rest)

    monkeypatch.setattr(phones, "train_classifier", train)
    recordings, alignments = utterances(0, 20)
    found = PhoneRecogniser.fit(recordings, alignments, RATE, limit=300)
    assert [taken[part][0].shape for part in taken] == [(300, 11 * 39), (30, 11 * 39)]
    # Each beside its own label: those two do go together.
    named = found.classifier.log_probabilities(taken["held_out"][0]).argmax(axis=1)
    assert np.mean(named == taken["held_out"][1]) > 0.8
    PhoneRecogniser.fit(recordings, alignments, RATE)
    # All whose middle lies in the recording.
    every = sum(len(range(40, len(each), 80)) for each in recordings)
    assert len(taken["known"][0]) + len(taken["held_out"][0]) == every


def test_labels_are_folded_before_anything_else() -> None:
    fold = {"ee": "vowel", "oo": "vowel", "ss": None}
    recordings, alignments = utterances(0, 12)
    found = PhoneRecogniser.fit(recordings, alignments, RATE, fold=fold)
    assert found.labels == ("pau", "vowel")
    assert found.frame_error(recordings, alignments) < 0.05
    # Neighbouring vowels are one; where there was noise between them, two.
    word = [Segment(0, 9, "pau"), *(Segment(9 * i, 9 * i + 9, p) for i, p in enumerate(PHONES, 1))]
    assert found.phones(word) == ["vowel"]
    word.insert(2, Segment(18, 18, "ss"))
    assert set(found.phones(word)) == {"vowel"}


def test_pauses_are_what_is_said_to_be_one() -> None:
    recordings, alignments = utterances(0, 12)
    found = PhoneRecogniser.fit(recordings, alignments, RATE, pauses=["ss"])
    said = [each.label for each in alignments[0] if each.label != "ss"]
    assert found.phones(alignments[0]) == said
    heard = found.transcribe(recordings[0])
    assert [each.label for each in heard] == said
    assert heard[-1].end == len(recordings[0])


def test_frames_of_the_network() -> None:
    features = phone_features(utterance(3)[0], RATE)
    assert features.shape == (-(-len(utterance(3)[0]) // 80), 39)
    np.testing.assert_allclose(features.mean(axis=0), 0.0, atol=1e-4)
    louder = phone_features(3 * utterance(3)[0], RATE)
    np.testing.assert_allclose(louder, features, atol=1e-3)
    around = with_context(features, np.array([0, 7]))
    assert around.shape == (2, 11 * 39)
    np.testing.assert_array_equal(around[0].reshape(11, 39)[:6], features[[0] * 6])
    np.testing.assert_array_equal(around[1].reshape(11, 39), features[2:13])
    assert phone_features(np.zeros(0), RATE).shape == (0, 39)


def test_edit_distance() -> None:
    assert phone_error_rate([["a", "b", "c"]], [["a", "b", "c"]]) == 0.0
    # A substitution, a deletion, an insertion: of 5 phones.
    asked = [["a", "b"], ["a", "b"], ["c"]]
    heard = [["a", "x"], ["b"], ["c", "c"]]
    assert phone_error_rate(asked, heard) == pytest.approx(3 / 5)
    assert phone_error_rate([["a"]], [["b", "c", "d"]]) == pytest.approx(3.0)
    assert phone_error_rate([["a", "b"]], [[]]) == 1.0
    # One without phones counts by what is inserted.
    assert phone_error_rate([["a", "b"], []], [["a", "b"], ["c"]]) == pytest.approx(0.5)
    # A label may have a space, be empty or differ in case only.
    assert phone_error_rate([["a b", "", "A"]], [["a", "b", "a"]]) == 1.0
    assert phone_error_rate([["a b", "", "A"]], [["a b", "", "A"]]) == 0.0
    for references in ([], [[]]):
        with pytest.raises(DataError, match="no phones in"):
            phone_error_rate(references, references)
    with pytest.raises(DataError, match="2 references, but 1 hypotheses"):
        phone_error_rate([["a"], ["b"]], [["a"]])


def test_what_cannot_be_learned_from_is_refused(recogniser: PhoneRecogniser) -> None:
    recordings, alignments = utterances(0, 3)
    fit = PhoneRecogniser.fit
    with pytest.raises(DataError, match="3 recordings, but 2 alignments"):
        fit(recordings, alignments[:2], RATE)
    with pytest.raises(DataError, match="Received: 1 recordings, phones ee, oo, pau, ss"):
        fit(recordings[:1], alignments[:1], RATE)
    with pytest.raises(DataError, match="Received: 3 recordings, phones pau"):
        fit(recordings, [each[:1] for each in alignments], RATE)
    with pytest.raises(DataError, match="of 3 recordings, 1 have labelled frames"):
        fit(recordings, [alignments[0], [], []], RATE)
    with pytest.raises(UsageError, match=r"at least 10 frames\. Received: 5"):
        fit(recordings, alignments, RATE, limit=5)
    with pytest.raises(DataError, match="no frame of 3 recordings has a label"):
        recogniser.frame_error(recordings, [[], [], []])


TIMIT = Path(__file__).resolve().parents[4] / "shared" / "data" / "timit_sample"


@pytest.mark.skipif(not TIMIT.is_dir(), reason="no folder ../shared/data/timit_sample")
def test_phones_of_real_recordings() -> None:
    """Of four speakers and a fifth one: far from what 12 speakers give, farther from chance."""
    import soundfile

    def read(*speakers: str) -> tuple[list[np.ndarray], list[list[Segment]]]:
        paths = [path for name in speakers for path in sorted((TIMIT / name).glob("s[ix]*.wav"))]
        alignments = [
            [Segment(int(a), int(b), c) for a, b, c in read_segments(path.with_suffix(".phn"))]
            for path in paths
        ]
        return [soundfile.read(path, dtype="int16")[0] for path in paths], alignments

    known = read("dr2-faem0", "dr2-marc0", "dr3-falk0", "dr8-mbcg0")
    found = PhoneRecogniser.fit(*known, 16_000, fold=TIMIT_39)
    test = read("dr4-falr0")
    assert found.frame_error(*test) < 0.6
    assert found.phone_error(*test) < 0.75
