"""What is heard in a recording, with times: Praat's TextGrid and NIST's CTM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genkit.data.audio.dataset import Segment
from genkit.files import write_bytes


@dataclass(frozen=True)
class Transcript:
    """Tiers of segments of one recording.

    Args:
        name: stem of the files.
        tiers: name -> segments in the order of time, in audio samples; those without a label are
            pauses. The first tier is what CTM holds.
        length: audio samples of the recording. sample_rate: Hz.
        confidence: of each segment of the first tier, 0 to 1; empty where none is known.
    """

    name: str
    tiers: Mapping[str, Sequence[Segment]]
    length: int
    sample_rate: int
    confidence: Sequence[float] = field(default=())

    def save(self, folder: Path) -> list[Path]:
        """`<name>.TextGrid`, which Praat opens, and `<name>.ctm`, a line a phone."""
        found = []
        for ending, text in ((".TextGrid", self.textgrid()), (".ctm", self.ctm())):
            found.append(write_bytes(folder / f"{self.name}{ending}", text.encode()))
        return found

    def preview(self) -> bytes | None:
        return None

    def textgrid(self) -> str:
        """The long text form. Intervals of a tier fill the whole time, as Praat has it."""
        end = self._seconds(self.length)
        lines = [
            'File type = "ooTextFile"',
            'Object class = "TextGrid"',
            "",
            "xmin = 0",
            f"xmax = {end}",
            "tiers? <exists>",
            f"size = {len(self.tiers)}",
            "item []:",
        ]
        for number, (name, segments) in enumerate(self.tiers.items(), 1):
            whole = filled(segments, self.length)
            lines += [
                f"    item [{number}]:",
                '        class = "IntervalTier"',
                f'        name = "{_quoted(name)}"',
                "        xmin = 0",
                f"        xmax = {end}",
                f"        intervals: size = {len(whole)}",
            ]
            for place, (start, stop, label) in enumerate(whole, 1):
                lines += [
                    f"        intervals [{place}]:",
                    f"            xmin = {self._seconds(start)}",
                    f"            xmax = {self._seconds(stop)}",
                    f'            text = "{_quoted(label)}"',
                ]
        return "\n".join(lines) + "\n"

    def ctm(self) -> str:
        """Recording, channel, start and duration in seconds, phone and, if known, confidence;
        pauses have no line."""
        lines = []
        for place, (start, end, label) in enumerate(next(iter(self.tiers.values()), ())):
            if not label:
                continue
            times = f"{start / self.sample_rate:.3f} {(end - start) / self.sample_rate:.3f}"
            line = f"{self.name} 1 {times} {label}"
            lines.append(f"{line} {self.confidence[place]:.3f}" if self.confidence else line)
        return "".join(line + "\n" for line in lines)

    def _seconds(self, samples: int) -> str:
        # Whole samples at any rate up to a megahertz come back from six digits.
        return f"{samples / self.sample_rate:.6f}"


def filled(segments: Sequence[Segment], length: int) -> list[Segment]:
    """Segments that touch from 0 to `length`, intervals without a label between them. What
    overlaps begins later, what is empty is left out."""
    found: list[Segment] = []
    at = 0
    for start, end, label in segments:
        start, end = max(start, at), min(end, length)
        if end <= start:
            continue
        if start > at:
            found.append(Segment(at, start, ""))
        found.append(Segment(start, end, label))
        at = end
    if at < length:
        found.append(Segment(at, length, ""))
    return found


def _quoted(text: str) -> str:
    return text.replace('"', '""').replace("\n", " ")
