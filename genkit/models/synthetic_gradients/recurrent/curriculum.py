"""How long sequences are: longer once they are said right."""

from __future__ import annotations

from dataclasses import dataclass, replace

GOOD_ENOUGH = 0.15  # bits a symbol, as in Jaderberg et al., 2016
AVERAGE = 10  # episodes, about, over which errors are averaged


@dataclass(frozen=True)
class Curriculum:
    """Where training is.

    Args:
        episode: number of the present episode. position: its next step.
        length, repeats: of its sequence. bits, said: sum of its errors so far, and of symbols.
        average: of errors a symbol, over episodes of this size; -1 before the first.
        seen: episodes of this size. solved: symbols to say of the largest size that was solved.
    """

    episode: float = 0.0
    position: float = 0.0
    length: float = 1.0
    repeats: float = 1.0
    bits: float = 0.0
    said: float = 0.0
    average: float = -1.0
    seen: float = 0.0
    solved: float = 0.0

    def window(self, steps: int, bits: float, said: float) -> Curriculum:
        """After a window of the present episode, with the sum of errors and of symbols."""
        position = self.position + steps
        return replace(self, position=position, bits=self.bits + bits, said=self.said + said)

    def ended(self, repeat: bool, longest: int) -> Curriculum:
        """After the episode: a larger size if the average error is small enough."""
        error = self.bits / max(self.said, 1.0)
        seen = self.seen + 1
        share = max(1.0 / seen, 1.0 / AVERAGE)
        average = error if self.average < 0 else self.average + share * (error - self.average)
        after = replace(
            self,
            episode=self.episode + 1,
            position=0.0,
            bits=0.0,
            said=0.0,
            average=average,
            seen=seen,
        )
        if seen < AVERAGE or average >= GOOD_ENOUGH:
            return after
        return after.larger(repeat, longest)

    def larger(self, repeat: bool, longest: int) -> Curriculum:
        """The next size: one symbol more, or in turn one repeat more."""
        solved = max(self.solved, self.length * self.repeats)
        length, repeats = self.length, self.repeats
        if repeat and length > repeats:
            repeats += 1
        elif length < longest:
            length += 1
        return replace(self, length=length, repeats=repeats, average=-1.0, seen=0.0, solved=solved)
