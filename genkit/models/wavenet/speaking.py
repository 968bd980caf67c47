"""Evaluation of a WaveNet that speaks: what a recogniser hears, spectra, pitch, and speed.

Copies have the durations and the pitch of recordings; spoken sentences go the whole way, from their
text (phones, where no front end writes them), with predicted durations and pitch.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.data.audio.dataset import AudioSplit
from genkit.family import Evaluation
from genkit.metrics.audio_pictures import recordings_figure
from genkit.metrics.speech.cepstra import align, mel_cepstral_distortion
from genkit.metrics.speech.contours import contour_errors, log_f0
from genkit.metrics.speech.loudness import loudness_correlation
from genkit.metrics.speech.phones import PhoneRecogniser
from genkit.models.wavenet.following import PHONES, RECORDING, TEXT
from genkit.models.wavenet.frames import LinguisticFrames
from genkit.models.wavenet.inputs import DURATIONS, PITCH
from genkit.progress import Progress
from genkit.speech.espeak.asking import available
from genkit.speech.phones import PAUSE, PhoneSet
from genkit.speech.reading import unmarked
from genkit.speech.utterance import in_words

if TYPE_CHECKING:
    from genkit.models.wavenet.learner import WaveNetLearner

MOST_TO_LEARN_FROM = 600  # recordings, of the recogniser
SHOWN = 4
TITLE = 32  # characters


@dataclass(frozen=True)
class Made:
    """Recordings that a model made of sentences of a split.

    Args:
        kind: such as `copies`. recordings: `(n,)` of `(T,)` int16.
        warped: whether they have durations of their own, so that frames have to be paired.
    """

    kind: str
    recordings: Sequence[np.ndarray]
    warped: bool


def evaluate(
    learner: WaveNetLearner,
    frames: LinguisticFrames,
    split: AudioSplit,
    name: str,
    chosen: Sequence[int],
    copies: Sequence[np.ndarray],
    seed: int,
    progress: Progress,
) -> Evaluation:
    """Figures of copies, and of spoken sentences where the run has what that takes.

    Args:
        frames: of the learner. split, name: where the sentences come from.
        chosen: numbers of the sentences. copies: what was made of them.
    """
    groups = [Made("copies", copies, warped=False)]
    metrics: dict[str, float] = {}
    pictures = []
    if speaks(learner):
        made, factor = spoken(learner, frames, split, name, chosen, seed, progress)
        groups.append(Made("spoken", made, warped=True))
        metrics["spoken_real_time_factor"] = factor
        texts = split.texts or split.names
        titles = [_plain(texts[i]) for i in chosen[:SHOWN]]
        pictures.append(recordings_figure(made[:SHOWN], split.sample_rate, titles, name="spoken"))
    progress.message("a recogniser of phones learns from recordings ...")
    rows = recognised(learner, frames.phones, split, chosen, groups, seed)
    real = [split.recording(i) for i in chosen]
    for row, group in zip(rows[1:], groups, strict=True):
        row.update(distances(real, group, split.sample_rate, frames.hop))
    for row in rows:
        metrics |= {f"{row['kind']}_{k}": v for k, v in row.items() if isinstance(v, float)}
    real_accuracy = metrics["real_phone_accuracy"]
    for group in groups if real_accuracy > 0 else ():
        ratio = metrics[f"{group.kind}_phone_accuracy"] / real_accuracy
        metrics[f"{group.kind}_phone_accuracy_ratio"] = ratio
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = [{key: row.get(key) for key in columns} for row in rows]
    return Evaluation(len(chosen), metrics, {"speech": table}, pictures)


def speaks(learner: WaveNetLearner) -> bool:
    """Whether a run has all that it takes to speak phones."""
    local = learner.recipe.model.local
    needed = {DURATIONS, PITCH} if local.pitch else {DURATIONS}
    return needed <= set(learner.inputs)


def spoken(
    learner: WaveNetLearner,
    frames: LinguisticFrames,
    split: AudioSplit,
    name: str,
    chosen: Sequence[int],
    seed: int,
    progress: Progress,
) -> tuple[list[np.ndarray], float]:
    """Sentences from their texts or phones, and seconds of work for a second of sound."""
    rows = [_asked(learner, frames, split, name, i) for i in chosen]
    # Compiles what the inputs need for each length; the copies compiled the rest. By phones, since
    # the front end remembers texts, and its work counts.
    learner.view.conditions([_by_phones(learner, frames, split, name, i) for i in chosen], 0)
    start = time.perf_counter()
    drawn = learner.draw(rows, seed, progress, tile=learner.evaluation_tile)
    seconds = time.perf_counter() - start
    made = [recording for part in drawn for recording in part.recordings()]
    return made, seconds * split.sample_rate / sum(map(len, made))


def _asked(
    learner: WaveNetLearner, frames: LinguisticFrames, split: AudioSplit, name: str, number: int
) -> dict[str, str]:
    """How a user would ask for a sentence: by its text where a front end reads it."""
    if learner.recipe.data.front_ends() and split.texts is not None and available():
        return {**_described(learner, name, number), TEXT: split.texts[number]}
    return _by_phones(learner, frames, split, name, number)


def _by_phones(
    learner: WaveNetLearner, frames: LinguisticFrames, split: AudioSplit, name: str, number: int
) -> dict[str, str]:
    utterance, _ = frames.spoken(split).utterance(number)
    return {**_described(learner, name, number), PHONES: in_words(utterance, frames.phones)}


def _described(learner: WaveNetLearner, name: str, number: int) -> dict[str, str]:
    """Who says a sentence."""
    row = learner.row_of(name, number)
    return {key: value for key, value in row.items() if key != RECORDING}


def recognised(
    learner: WaveNetLearner,
    phones: PhoneSet,
    split: AudioSplit,
    chosen: Sequence[int],
    groups: Sequence[Made],
    seed: int,
) -> list[dict[str, Any]]:
    """Accuracy (1 - phone error rate) of a recogniser on the recordings themselves and on each
    group, over all and by language. Copies and spoken sentences go through nothing else; all
    recordings go through the mu-law, as those that a model makes do."""
    train = learner.split("train")
    count = min(len(train), MOST_TO_LEARN_FROM)
    known = [learner.heard(train, i) for i in range(count)]
    aligned = [unmarked(train.alignment(i), phones) for i in range(count)]
    recogniser = PhoneRecogniser.fit(known, aligned, train.sample_rate, seed, pauses={PAUSE})
    wanted = [unmarked(split.alignment(i), phones) for i in chosen]
    real = Made("real", [learner.heard(split, i) for i in chosen], warped=False)
    kinds = _kinds(learner, split, chosen)
    found = []
    for group in (real, *groups):
        row: dict[str, Any] = {"kind": group.kind}
        for kind, members in kinds.items():
            error = recogniser.phone_error(
                [group.recordings[i] for i in members], [wanted[i] for i in members]
            )
            row["phone_accuracy" + (f"_{kind}" if kind else "")] = 1.0 - error
        found.append(row)
    return found


def _kinds(
    learner: WaveNetLearner, split: AudioSplit, chosen: Sequence[int]
) -> Mapping[str, list[int]]:
    """Places among `chosen`: all of them, and those of each language where there are several."""
    kinds: dict[str, list[int]] = {"": list(range(len(chosen)))}
    names = learner.recipe.data.vocabulary().get("language", ())
    if len(names) > 1:
        own = split.attributes["language"][np.asarray(chosen)]
        for number, name in enumerate(names):
            members = np.flatnonzero(own == number).tolist()
            kinds |= {name: members} if members else {}
    return kinds


def distances(
    real: Sequence[np.ndarray], group: Made, sample_rate: int, hop: int
) -> dict[str, float]:
    """Means over recordings of mel-cepstral distortion and of differences in pitch."""
    rows = []
    for own, made in zip(real, group.recordings, strict=True):
        path = align(own, made, sample_rate, hop) if group.warped else None
        wanted, found = (log_f0(one, sample_rate, hop) for one in (own, made))
        errors = contour_errors(wanted, found, path)
        loudness = loudness_correlation(own, made, sample_rate)
        rows.append(
            {
                "mcd_db": mel_cepstral_distortion(own, made, sample_rate, group.warped),
                "log_f0_rmse_cents": errors.rmse_cents,
                "log_f0_correlation": errors.correlation,
                "voicing_error": errors.voicing_error,
                # Frame by frame, which says nothing where durations differ.
                "loudness_correlation": np.nan if group.warped else loudness,
            }
        )
    means = {}
    for key in rows[0]:
        values = np.array([row[key] for row in rows], np.float64)
        if np.isfinite(values).any():  # a sentence without voice has no pitch to compare
            means[key] = float(np.nanmean(values))
    return means


def _plain(text: str) -> str:
    """What the fonts that come with Matplotlib can show, as long as there is room."""
    shown = "".join(character for character in text if character.isascii()).strip()
    return textwrap.shorten(shown, TITLE, placeholder=" ...")
