"""Rules that hold for every line of the source, found by reading its syntax trees."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "genkit").rglob("*.py"), *(ROOT / "cli" / "genkit_cli").rglob("*.py")])

# Modules that only some folders may import.
ONLY_IN = {
    "tensorflow": ("genkit/backend/",),
    "jax": ("genkit/backend/",),
    "jaxlib": ("genkit/backend/",),
    "click": ("cli/",),
    "tqdm": ("cli/",),
}
# Modules that execute what a file says, or that are a second way of storing arrays.
NOWHERE = {
    "pickle",
    "cPickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "joblib",
    "shelve",
    "marshal",
    "h5py",
    "yaml",
    "imp",
}
FORBIDDEN_NAMES = {"eval", "exec", "__import__"}
# Readers of Keras' own files: HDF5 inside, or objects by name.
FORBIDDEN_ATTRIBUTES = {
    "load_model",
    "load_weights",
    "unsafe_load",
    "enable_unsafe_deserialization",
}
SHELLS = {
    "os.system",
    "os.popen",
    "os.spawnl",
    "os.execl",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
}
NUMPY_READERS = {"load", "fromregex", "memmap"}


def rules_broken(source: str, path: str) -> Iterator[str]:
    """What `source`, at `path` within the project, does that it must not."""
    for node in ast.walk(ast.parse(source)):
        for broken in _rules_broken(node, path):
            yield f"{path}:{getattr(node, 'lineno', 0)}: {broken}"


def _rules_broken(node: ast.AST, path: str) -> Iterator[str]:
    for module in _imported(node):
        top = module.split(".")[0]
        if top in NOWHERE:
            yield f"imports {module}"
        if top in ONLY_IN and not path.startswith(ONLY_IN[top]):
            yield f"imports {module}, which belongs to {' and '.join(ONLY_IN[top])}"
        if module.startswith(("keras.src", "keras.backend")) and not path.startswith(
            "genkit/backend/"
        ):
            yield f"imports {module}; genkit.backend is the one place that names a backend"
    if isinstance(node, ast.Attribute):
        name = _dotted(node)
        # keras.config has what of keras.backend is needed elsewhere (floatx, epsilon).
        if name.startswith(("keras.backend", "keras.src")) and not path.startswith(
            "genkit/backend/"
        ):
            yield f"uses {name}; genkit.backend is the one place that names a backend"
        if node.attr in FORBIDDEN_ATTRIBUTES:
            yield f"uses {name}"
    if isinstance(node, ast.Call):
        yield from _call(node)


def _call(node: ast.Call) -> Iterator[str]:
    name = _dotted(node.func)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in FORBIDDEN_NAMES or name in SHELLS:
        yield f"calls {name}"
    if "shell" in keywords and not _is(keywords["shell"], False):
        yield f"calls {name} with a shell"
    if _is(keywords.get("allow_pickle"), True):
        yield f"calls {name} with allow_pickle=True"
    module, _, function = name.rpartition(".")
    if module in ("np", "numpy"):
        if function == "load" and not _is(keywords.get("allow_pickle"), False):
            yield f"calls {name} without allow_pickle=False"
        elif function in NUMPY_READERS - {"load"}:
            yield f"calls {name}"
    # `typ="safe"` builds plain values; "unsafe" builds any object that the file names.
    if name.split(".")[-1] == "YAML" and "typ" in keywords:
        kinds = [leaf.value for leaf in ast.walk(keywords["typ"]) if isinstance(leaf, ast.Constant)]
        if not kinds or not set(kinds) <= {"safe", "rt", "pure"}:
            yield f"calls {name} with typ={ast.unparse(keywords['typ'])}"


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and _dotted(node.func).endswith("import_module"):
        yield from (str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant))


def _dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute or name; parts that are neither are left out."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_the_source_keeps_the_rules() -> None:
    assert len(SOURCES) > 20, "the scan looks in the wrong place"
    broken = [
        line
        for path in SOURCES
        for line in rules_broken(
            path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        )
    ]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        ("import pickle", "genkit/a.py", "imports pickle"),
        ("from joblib import load", "cli/genkit_cli/a.py", "imports joblib"),
        ("import h5py", "genkit/a.py", "imports h5py"),
        ("import yaml", "genkit/a.py", "imports yaml"),
        ("import tensorflow as tf", "genkit/a.py", "imports tensorflow"),
        ("def f():\n    import jax.numpy", "genkit/models/a.py", "imports jax.numpy"),
        ("import_module('tensorflow')", "genkit/a.py", "imports tensorflow"),
        ("import tensorflow", "cli/genkit_cli/a.py", "imports tensorflow"),
        ("from tqdm import tqdm", "genkit/a.py", "imports tqdm"),
        ("import click", "genkit/backend/a.py", "imports click"),
        ("import keras\nkeras.backend.backend()", "genkit/a.py", "uses keras.backend"),
        ("from keras import backend", "genkit/a.py", "imports keras.backend"),
        ("import numpy as np\nnp.load(f)", "genkit/a.py", "without allow_pickle=False"),
        ("np.load(f, allow_pickle=flag)", "genkit/a.py", "without allow_pickle=False"),
        ("np.lib.format.read_array(f, allow_pickle=True)", "genkit/a.py", "allow_pickle=True"),
        ("eval(text)", "genkit/a.py", "calls eval"),
        ("exec(text)", "genkit/a.py", "calls exec"),
        ("subprocess.run('x', shell=True)", "cli/genkit_cli/a.py", "with a shell"),
        ("os.system('x')", "genkit/a.py", "calls os.system"),
        ("model.load_weights(path)", "genkit/a.py", "load_weights"),
        ("YAML(typ='unsafe')", "genkit/a.py", "typ='unsafe'"),
    ],
)
def test_the_scan_finds(source: str, path: str, expected: str) -> None:
    assert any(expected in line for line in rules_broken(source, path))


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("import tensorflow", "genkit/backend/tensorflow.py"),
        ("import jax.numpy as jnp", "genkit/backend/jax.py"),
        ("import click, tqdm", "cli/genkit_cli/a.py"),
        ("np.load(f, allow_pickle=False)", "genkit/a.py"),
        ("YAML(typ='safe', pure=True)", "genkit/a.py"),
        ("learner.evaluate(split)", "genkit/a.py"),
        ("from genkit import backend\nbackend.compile(f, v)", "genkit/a.py"),
        ("subprocess.run(['git'], shell=False)", "genkit/a.py"),
    ],
)
def test_the_scan_lets_pass(source: str, path: str) -> None:
    assert not list(rules_broken(source, path))


def project_files() -> list[Path]:
    """The files that belong to the project: what git tracks or would track."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written in pieces, so that this file does not find itself. `somebody` is nobody: tests may use it.
MACHINE_PATH = re.compile(
    r"(?<![\w.~$}/-])/(?:"
    + "|".join(["work", "root", "home", "Users", "tmp"])
    + r")/(?!somebody\b)[\w.]"
    r"|\b[A-Z]:\\+Users\b"
)


def test_no_file_names_a_path_of_one_machine() -> None:
    found = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if MACHINE_PATH.search(line)
        ]
    assert not found, "\n" + "\n".join(found)
