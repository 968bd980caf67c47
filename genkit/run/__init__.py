"""Run directories: lock, checkpoints, metrics, TensorBoard files. Light: no Keras."""

from genkit.run.directory import Run, RunInfo, list_runs, runs_root

__all__ = ["Run", "RunInfo", "list_runs", "runs_root"]
