"""A process that speaks: requests as JSON on its input, sound and events on its output.

What eSpeak NG says depends on all that it said before in the same process, such as the phase of
its oscillators. A process of its own for each block of requests makes every recording a function
of the requests of its block.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from genkit.speech.espeak.library import Library


def main() -> None:
    """Answers a list of `{"text", "voice", ...}`: a line of JSON for all, then all PCM."""
    requests = json.load(sys.stdin)
    library = Library()
    facts, sounds = [], []
    for request in requests:
        answer = asdict(library.speak(**request))
        pcm = answer.pop("pcm")
        facts.append({**answer, "count": len(pcm)})
        sounds.append(pcm.astype("<i2").tobytes())
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + b"".join(sounds))


if __name__ == "__main__":
    main()
