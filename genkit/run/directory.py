"""The run directory: all the state there is of one training run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from genkit.errors import Problem, RunError, UsageError, unknown
from genkit.files import read_json_object, write_atomically, write_json
from genkit.run import checkpoint, metadata
from genkit.run.lock import RunLock
from genkit.run.metrics import MetricsLog

if TYPE_CHECKING:
    from genkit.recipe.schema import Recipe

METADATA = "metadata.json"
RECIPE = "recipe.yaml"
_OWN_FILES = {"lock", RECIPE, f".{RECIPE}.tmp", f".{METADATA}.tmp"}
_SET_ASIDE = re.compile(r".+\.old-\d+")


def runs_root() -> Path:
    """Where runs live: the folder in `GENKIT_RUNS`, else `runs` in the working directory."""
    return Path(os.environ.get("GENKIT_RUNS") or "runs")


def default_folder(recipe_name: str, signature: str) -> str:
    """Name of a run's folder: the recipe's name with `-` for `/`, and 8 digits of signature."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", recipe_name).strip("-.") or "run"
    return f"{plain}-{signature[:8]}"


@dataclass(frozen=True)
class RunInfo:
    """One line of `genkit list runs`.

    Args:
        name: path below the root, what `RUN` arguments take.
        path: the folder.
        recipe_name: such as `gated_pixelcnn/digits`.
        step: updates of the newest checkpoint; 0 where there is none.
        steps: updates that were asked for.
    """

    name: str
    path: Path
    recipe_name: str
    step: int
    steps: int

    @property
    def complete(self) -> bool:
        return self.step >= self.steps

    @property
    def set_aside(self) -> bool:
        """Whether `--restart` put this run aside."""
        return _SET_ASIDE.fullmatch(self.path.name) is not None


def list_runs(root: Path | None = None) -> list[RunInfo]:
    """Runs below the root, by name; folders that are no runs are skipped."""
    root = runs_root() if root is None else root
    if not root.is_dir():
        return []
    found = (_inspect(path) for path in sorted(root.iterdir()) if path.is_dir())
    return [info for info in found if info is not None]


def _inspect(path: Path) -> RunInfo | None:
    try:
        facts = read_json_object(path / METADATA)
        name, steps = str(facts["recipe"]), int(facts["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not (path / RECIPE).is_file():
        return None
    step = max(checkpoint.steps(path / "checkpoints"), default=0)
    return RunInfo(path.name, path, name, step, steps)


class Run:
    """One run directory. Use `Run.open` to read, `Run.create_or_resume` to train.

    Args:
        path: the folder.
        metadata: content of metadata.json.
    """

    def __init__(self, path: Path, metadata: dict[str, Any]) -> None:
        self.path = path
        self.metadata = metadata
        self._lock = RunLock(path / "lock")

    @classmethod
    def open(cls, reference: str | os.PathLike[str]) -> Run:
        """The run that a path, a name under the root, or a recipe of exactly one run names.

        Raises:
            UsageError: if there is none, or more than one; it names what exists.
        """
        return cls._at(_locate(os.fspath(reference)))

    @classmethod
    def create_or_resume(
        cls,
        recipe: Recipe,
        signature: str,
        path: Path | None = None,
        restart: bool = False,
    ) -> Run:
        """The run of `recipe`, locked for writing: a new folder, or the one that is there.

        Args:
            recipe: resolved.
            signature: hexadecimal; of all that decides the weights, without the steps.
            path: the folder; by default one under the root, named after recipe and signature.
            restart: set an existing run aside under another name and begin anew.

        Raises:
            RunError: if another process writes the run, if `path` holds a run of another
                signature (it says what differs), or something that is no run.
        """
        path = path or runs_root() / default_folder(recipe.name, signature)
        _make_folder(path)
        lock = RunLock(path / "lock")
        lock.acquire()
        try:
            if restart and (path / METADATA).exists():
                set_aside(path)
                lock.release()
                return cls.create_or_resume(recipe, signature, path)
            run = cls._resume(recipe, signature, path) or cls._create(recipe, signature, path)
        except BaseException:
            lock.release()
            raise
        run._lock = lock
        checkpoint.clean(run.checkpoints)
        return run

    @classmethod
    def _at(cls, path: Path) -> Run:
        try:
            facts = read_json_object(path / METADATA)
        except (OSError, ValueError) as error:
            raise RunError(f"{path} has no readable {METADATA}: {error}") from None
        return cls(path, facts)

    @classmethod
    def _resume(cls, recipe: Recipe, signature: str, path: Path) -> Run | None:
        if not (path / METADATA).exists():
            return None
        run = cls._at(path)
        if run.signature != signature:
            raise RunError(
                f"{path} holds a run of another recipe or seed (signature {run.signature[:8]}, "
                f"this one is {signature[:8]}). Choose another folder with --run, or set that "
                "run aside with --restart.",
                run._differences(recipe),
            )
        if run.recipe.as_dict() != recipe.as_dict():
            run._write_recipe(recipe)  # steps, sample and eval may change; they are not signed
            run._update_metadata(steps=recipe.train.steps)
        return run

    @classmethod
    def _create(cls, recipe: Recipe, signature: str, path: Path) -> Run:
        run = cls(path, metadata.created(recipe, signature))
        run._write_recipe(recipe)
        write_json(path / METADATA, run.metadata)  # last: it makes the folder a run
        return run

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def signature(self) -> str:
        return str(self.metadata.get("signature", ""))

    @property
    def recipe_name(self) -> str:
        return str(self.metadata.get("recipe", ""))

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe that this run was made from."""
        return self.recipe_with(())

    def recipe_with(self, overrides: Sequence[str]) -> Recipe:
        """The same with other values in its section `eval`, which no weight depends on.

        Args:
            overrides: `eval.key=value` each.

        Raises:
            UsageError: for a value of another section.
        """
        from genkit.recipe import load_recipe

        for override in overrides:
            if not override.startswith("eval."):
                raise UsageError(
                    "-o sets values of the section eval here, such as eval.batch_size=10: the run "
                    f"was made with all others. Received: {override!r}"
                )
        return load_recipe(str(self.path / RECIPE), overrides)

    @property
    def step(self) -> int:
        """Updates of the newest checkpoint; 0 where there is none."""
        return max(checkpoint.steps(self.checkpoints), default=0)

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def metrics(self) -> MetricsLog:
        return MetricsLog(self.path / "metrics.jsonl")

    def load_checkpoint(
        self, which: str | int = "last", warn: Callable[[str], None] = lambda text: None
    ) -> checkpoint.Checkpoint:
        """A verified checkpoint: `best`, `last` or a step; see `checkpoint.load`."""
        return checkpoint.load(self.checkpoints, which, warn)

    def record_session(self, step: int, environment: Mapping[str, Any], **facts: Any) -> None:
        """Note in metadata.json that training goes on after `step` updates.

        Args:
            step: updates done.
            environment: what the backend says of itself.
            facts: further values for the session.
        """
        entry = {**metadata.session(step, environment), **facts}
        self._update_metadata(sessions=[*self.metadata.get("sessions", []), entry])

    def acquire(self) -> None:
        """Lock the run for writing; nothing happens where this object holds the lock."""
        self._lock.acquire()

    @property
    def locked(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.held

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write_recipe(self, recipe: Recipe) -> None:
        from genkit.recipe import dump

        write_atomically(self.path / RECIPE, dump(recipe).encode())

    def _update_metadata(self, **values: Any) -> None:
        self.metadata.update(values)
        write_json(self.path / METADATA, self.metadata)

    def _differences(self, recipe: Recipe) -> list[Problem]:
        """What makes the signature of `recipe` another than that of this run."""
        from genkit.recipe.signing import signed_values

        try:
            before = _flat(signed_values(self.recipe))
        except (UsageError, OSError, ValueError):
            return [Problem("its recipe cannot be read", source=str(self.path / RECIPE))]
        now = _flat(signed_values(recipe))
        keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        problems = [Problem(f"{before.get(k)!r} there, {now.get(k)!r} here", k) for k in keys]
        return problems or [Problem("the recipes are equal, so an input has changed")]


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted names."""
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat.update(_flat(inner, f"{prefix}.{key}" if prefix else str(key)))
    return flat


def _make_folder(path: Path) -> None:
    """Make `path`; refuse a folder with something else in it."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file. A run needs a folder of its own: --run DIR.")
    if path.is_dir() and not (path / METADATA).exists():
        foreign = sorted({entry.name for entry in path.iterdir()} - _OWN_FILES)
        if foreign:
            raise RunError(
                f"{path} is no run directory and not empty (it holds {', '.join(foreign[:3])}). "
                "Give a new or empty folder with --run."
            )
    path.mkdir(parents=True, exist_ok=True)


def set_aside(path: Path) -> Path:
    """Rename `path` to the first free `path.old-N`. The caller holds its lock."""
    number = 1
    while (aside := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    os.rename(path, aside)
    return aside


def _is_run(path: Path) -> bool:
    return (path / METADATA).is_file()


def _locate(reference: str) -> Path:
    """The folder of the run that `reference` names."""
    if not reference:
        raise UsageError("a run is a path or a name, not an empty string")
    direct = Path(reference)
    if _is_run(direct):
        return direct
    root = runs_root()
    leaves = direct.is_absolute() or ".." in direct.parts
    if not leaves and _is_run(root / direct):
        return root / direct
    known = list_runs(root)
    matching = [run for run in known if run.recipe_name == reference and not run.set_aside]
    if len(matching) == 1:
        return matching[0].path
    if matching:
        names = ", ".join(run.name for run in matching)
        raise UsageError(f"recipe '{reference}' has {len(matching)} runs. Name one of: {names}.")
    if direct.is_dir():
        raise UsageError(f"{reference} is no run directory: it has no {METADATA}.")
    raise UsageError(
        unknown("run", reference, [run.name for run in known])
        + f" Runs are looked for in {root}; GENKIT_RUNS names another folder. "
        "Make one with: genkit train RECIPE."
    )
