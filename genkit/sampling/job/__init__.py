"""Sampling jobs: tiles in, parts out, resumable, the same bits whatever happens on the way.

A job's folder holds `settings.json`, written first; `parts/*.npz`, one part a tile; and, once all
parts are there, what people look at and, written last, `job.json`. See docs/sampling.md.
"""

from genkit.sampling.job.description import Job, Shard, Stop, Tiles
from genkit.sampling.job.joining import JobResult
from genkit.sampling.job.merging import merge_job
from genkit.sampling.job.piping import pipe_job
from genkit.sampling.job.running import run_job
from genkit.sampling.job.streaming import is_wav, stream_job

__all__ = [
    "Job",
    "JobResult",
    "Shard",
    "Stop",
    "Tiles",
    "is_wav",
    "merge_job",
    "pipe_job",
    "run_job",
    "stream_job",
]
