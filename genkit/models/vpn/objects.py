"""Whether samples show the things of a clip where they are, and as what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.data.video.tracks import Track, Truth
from genkit.metrics.recognition import digit_classifier
from genkit.randomness import uniform

MOVED = 1.0  # pixels, from which on a thing is said to have moved

Figures = dict[str, np.ndarray]
Classifier = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Look:
    """How values of frames are seen.

    Args:
        levels: of the data. context: frames that were given.
        seed: where draws are black or white, though data is grey: true values are then seen as
            such draws too, which is what a model that knows them would show. None where values
            are drawn as they are.
    """

    levels: int
    context: int
    seed: int | None = None

    def shares(self, video: np.ndarray) -> np.ndarray:
        """Predicted frames of a video `(T, H, W, C)`, from 0 to 1."""
        return video[self.context :].astype(np.float64) / (self.levels - 1)

    def real(self, video: np.ndarray, index: int) -> np.ndarray:
        """The same as samples would show them."""
        return self.drawn(self.shares(video), "frames", index)

    def drawn(self, shares: np.ndarray, what: str, index: int) -> np.ndarray:
        """Black or white with the probability that grey values say."""
        if self.seed is None:
            return shares
        noise = uniform(self.seed, f"evaluation/{what}", index, shares.shape)
        return (noise < shares).astype(np.float64)


def likeness_of_things(
    truth: Truth, look: Look, video: np.ndarray, samples: np.ndarray
) -> tuple[Figures, dict[str, float]]:
    """What is told of samples of the first clips of a split.

    Args:
        video, samples: `(N, T, H, W, C)` values; what happened, and what was drawn behind the
            context.

    Returns:
        Figures of each clip and predicted frame, `(N, T')`: `position_error_px` of samples, of
        true frames seen by the same means (`real_`) and of things that stay (`copy_last_`); with
        digits `digit_accuracy` of samples and of true frames (`real_`); where actions steer
        something `steered_error_px`. And figures of things that move, see `moved`.
    """
    tracks = [truth.track(i) for i in range(len(video))]
    shown = [look.shares(own) for own in samples]
    real = [look.real(own, i) for i, own in enumerate(video)]
    places, real_places = places_of(tracks, look, shown), places_of(tracks, look, real)
    errors = errors_of(tracks, look, places)
    figures = {
        **means(tracks, errors),
        **means(tracks, errors_of(tracks, look, real_places), "real_"),
        **means(tracks, [staying(track, look.context) for track in tracks], "copy_last_"),
    }
    if truth.digits is not None:
        named = _classifier(look, *truth.digits())
        figures["digit_accuracy"] = _recognised(named, tracks, shown, places)
        figures["real_digit_accuracy"] = _recognised(named, tracks, real, real_places)
    return figures, moved(tracks, errors, look.context) if tracks[0].steered else {}


def places_of(
    tracks: Sequence[Track], look: Look, frames: Iterable[np.ndarray]
) -> list[np.ndarray]:
    """Where the things of each track are in predicted frames `(T', H, W, C)` from 0 to 1."""
    return [track.located(own, look.context) for track, own in zip(tracks, frames, strict=True)]


def errors_of(
    tracks: Sequence[Track], look: Look, places: Iterable[np.ndarray]
) -> list[np.ndarray]:
    """Distance in pixels, `(T', things)`, of each thing from where it should be."""
    return [
        _distance(own, track.places[look.context :])
        for track, own in zip(tracks, places, strict=True)
    ]


def staying(track: Track, context: int) -> np.ndarray:
    """How far each thing has come from where it was in the last given frame, `(T', things)`."""
    return _distance(track.places[context - 1], track.places[context:])


def _distance(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(*np.moveaxis(places - others, -1, 0)))


def means(tracks: Sequence[Track], errors: Sequence[np.ndarray], prefix: str = "") -> Figures:
    """Errors `(N, T')` of things, and of what actions steer, where they do."""
    steered = tracks[0].steered
    every = np.stack(errors)
    things = every.shape[-1] - steered
    found = {f"{prefix}position_error_px": every[..., :things].mean(axis=-1)}
    if steered:
        found[f"{prefix}steered_error_px"] = every[..., things:].mean(axis=-1)
    return found


def moved(tracks: Sequence[Track], errors: Sequence[np.ndarray], context: int) -> dict[str, float]:
    """Of things that are away from where they were in the last given frame, over all predicted
    frames: `moved_count` (thing and frame), `moved_error_px`, and `moved_copy_last_error_px` of
    things that stay. Without any only the count."""
    things = tracks[0].places.shape[1] - tracks[0].steered
    away = np.stack([staying(track, context)[:, :things] for track in tracks])
    chosen = away > MOVED
    found = {"moved_count": float(chosen.sum())}
    if chosen.any():
        own = np.stack(errors)[..., :things]
        found["moved_error_px"] = float(own[chosen].mean())
        found["moved_copy_last_error_px"] = float(away[chosen].mean())
    return found


def _classifier(look: Look, images: np.ndarray, labels: np.ndarray) -> Classifier:
    """Of digits as they are and, where samples show draws, as those too."""
    shares = images / 255.0
    if look.seed is not None:
        shares = np.concatenate([shares, look.drawn(shares, "digits", 0)])
        labels = np.concatenate([labels, labels])
    return digit_classifier(shares, labels)


def _recognised(
    named: Classifier,
    tracks: Sequence[Any],
    frames: Sequence[np.ndarray],
    places: Sequence[np.ndarray],
) -> np.ndarray:
    """Share of a frame's digits `(N, T')` that are taken for what they are, each looked at where
    it was found. The tracks are those of digits."""
    hits = []
    for track, own, found in zip(tracks, frames, places, strict=True):
        crops = track.crops(own, found)
        classes = named(crops.reshape(-1, *crops.shape[2:])).reshape(crops.shape[:2])
        hits.append((classes == track.labels).mean(axis=1))
    return np.stack(hits)
