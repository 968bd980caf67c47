"""TensorBoard event files, written with the `tensorboard` package alone."""

from __future__ import annotations

import io
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from genkit.artifacts import Artifact, Audio
from genkit.artifacts.audio import SHOWN, wav_bytes

if TYPE_CHECKING:
    import numpy as np


class Board:
    """Writes scalars, pictures and sounds of one training session.

    Args:
        folder: where event files go.
        step: updates done before this session. TensorBoard drops what an interrupted session
            wrote after it.
    """

    def __init__(self, folder: Path, step: int) -> None:
        # This name makes TensorBoard use its own file layer: without it, it imports TensorFlow,
        # which takes seconds and is not wanted, or not there, on another backend.
        notf = "tensorboard.compat.notf"
        sys.modules.setdefault(notf, types.ModuleType(notf))
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._events = event_pb2
        self._summaries = summary_pb2
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(folder))
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        # Readers keep events before this step, so it is that of the next update.
        self._writer.add_event(
            event_pb2.Event(wall_time=time.time(), step=step + 1, session_log=start)
        )

    def scalars(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Write values under `kind/name`."""
        summary = self._summaries.Summary()
        for name, value in values.items():
            summary.value.add(tag=f"{kind}/{name}", simple_value=float(value))
        self._add(step, summary)

    def picture(self, step: int, name: str, png: bytes) -> None:
        """Write a picture, given as the bytes of a PNG file."""
        from PIL import Image

        with Image.open(io.BytesIO(png)) as image:
            width, height = image.size
        picture = self._summaries.Summary.Image(
            width=width, height=height, colorspace=3, encoded_image_string=png
        )
        summary = self._summaries.Summary()
        summary.value.add(tag=name, image=picture)
        self._add(step, summary)

    def sound(self, step: int, name: str, pcm: np.ndarray, sample_rate: int) -> None:
        """Write a recording, `(T,)` int16 PCM."""
        sound = self._summaries.Summary.Audio(
            sample_rate=sample_rate,
            num_channels=1,
            length_frames=len(pcm),
            encoded_audio_string=wav_bytes(pcm, sample_rate),
            content_type="audio/wav",
        )
        summary = self._summaries.Summary()
        summary.value.add(tag=name, audio=sound)
        self._add(step, summary)

    def show(self, step: int, artifact: Artifact) -> None:
        """Write an artifact's picture, where it has one, and its first recordings."""
        if (png := artifact.preview()) is not None:
            self.picture(step, artifact.name, png)
        if isinstance(artifact, Audio):
            for i, pcm in enumerate(artifact.recordings()[:SHOWN]):
                self.sound(step, f"{artifact.name}/{i}", pcm, artifact.sample_rate)

    def _add(self, step: int, summary: object) -> None:
        event = self._events.Event(wall_time=time.time(), step=step, summary=summary)
        self._writer.add_event(event)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
