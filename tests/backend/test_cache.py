"""Compiled programs on the disk: used, safe, never needed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genkit.backend import cache

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "xla_compile_cache__1__2__XLA_CPU_JIT.pb"
OTHER = f"jit_pure-{'0' * 64}-cache"
WORK = """
import os, sys
import numpy as np
from genkit import backend
from keras import ops
if backend.name() == "jax":
    import jax
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
assert "persistent_cache" not in os.environ.get("TF_XLA_FLAGS", "")

def step(x):
    for i in range(4):
        x = ops.tanh(ops.matmul(x, x) / (1.0 + i)) + x
    return x

found = backend.compile(step, [])(np.linspace(-1, 1, 900, dtype=np.float32).reshape(30, 30))
print(ops.convert_to_numpy(found).tobytes().hex())
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "programs"))
    for name in ("TF_XLA_FLAGS", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "programs"


def opened(backend: str = "tensorflow") -> Path:
    folder = cache.open_cache(backend)
    assert folder is not None
    return folder


def programs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "lock")


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_second_process_finds_the_programs_of_the_first(root: Path, backend: str) -> None:
    settings = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    settings.pop("TF_CPP_MIN_LOG_LEVEL", None)
    results, kept = [], []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", WORK], capture_output=True, text=True, env=settings, check=True
        )
        assert done.stderr == ""
        results.append(done.stdout)
        (folder,) = root.iterdir()
        kept.append({p.name: p.stat().st_mtime_ns for p in folder.iterdir()})
    assert results[0] == results[1]
    assert kept[0], "nothing was kept"
    assert not [name for name in kept[1] if name.startswith(".process")]
    assert kept[0] == kept[1], "the second process compiled anew"


def test_what_a_process_compiled_is_handed_over_when_it_ends(root: Path) -> None:
    first, second = opened(), opened()
    (first / PROGRAM).write_text("first")
    assert programs(first.parent) == []
    cache._hand_over(first, first.parent)
    assert not first.exists()
    (second / PROGRAM).write_text("second")
    cache._hand_over(second, second.parent)  # as it may be where both compiled the same
    assert (second.parent / PROGRAM).read_text() == "first"
    third = opened()
    assert programs(third) == [PROGRAM]
    assert opened("jax").parent != third.parent


def test_what_a_dead_process_left_is_dropped(root: Path) -> None:
    alive = opened()
    code = (
        "import importlib.util, os, signal, sys\n"
        "spec = importlib.util.spec_from_file_location('cache', sys.argv[1])\n"
        "cache = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(cache)\n"  # alone: genkit.backend would start a backend
        "print(cache.open_cache('tensorflow'), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code, str(ROOT / "genkit/backend/cache.py")]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.parent == alive.parent
    (left / PROGRAM).write_text("half a prog")
    (left.parent / ".process-being-made").mkdir()
    opened()
    assert not left.exists()
    assert alive.exists()
    assert (left.parent / ".process-being-made").exists()
    assert programs(alive.parent) == []


def test_old_programs_and_too_many_are_dropped_and_nothing_else(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = opened().parent
    old, foreign = kept / PROGRAM, kept / "letter.txt"
    elsewhere = root / "letters" / PROGRAM
    elsewhere.parent.mkdir()
    for path in (old, foreign, elsewhere):
        path.write_text("x" * 100)
        os.utime(path, (time.time() - cache.UNUSED - 9,) * 2)
    (kept / OTHER).write_text("x" * 100)
    opened()
    assert programs(kept) == sorted([OTHER, "letter.txt"])
    assert elsewhere.exists()
    monkeypatch.setattr(cache, "LIMIT", 99)
    opened()
    assert programs(kept) == ["letter.txt"]


@pytest.mark.parametrize("word", ["off", "OFF", "0", ""])
def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(cache.VARIABLE, word)
    assert cache.open_cache("jax") is None


def test_jax_uses_it_unasked_and_tensorflow_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.open_cache("tensorflow") is None
    assert opened("jax").is_relative_to(tmp_path / "genkit" / "compiled")
    monkeypatch.setenv(cache.VARIABLE, "on")
    assert opened("tensorflow").is_relative_to(tmp_path / "genkit" / "compiled")


def test_a_cache_of_the_users_own_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    assert cache.open_cache("jax") is None
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory=elsewhere")
    assert cache.open_cache("tensorflow") is None
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")
    assert opened("tensorflow").exists()


def test_without_a_safe_place_nothing_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.write_text("a file in the way")
    assert cache.open_cache("jax") is None
    root.unlink()
    kept = opened("jax").parent
    kept.chmod(0o777)
    assert cache.open_cache("jax") is None, "others could place programs there"
    kept.chmod(0o700)
    monkeypatch.setattr(cache, "ROOM", 2**80)
    assert cache.open_cache("jax") is None, "the disk is nearly full"
    monkeypatch.setenv(cache.VARIABLE, "on")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache.open_cache("jax") is None


def test_flags_are_named_for_a_moment_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    with cache.named(tmp_path):
        assert str(tmp_path) in os.environ["TF_XLA_FLAGS"]
    assert "TF_XLA_FLAGS" not in os.environ
    monkeypatch.setenv("TF_XLA_FLAGS", "--before")
    with cache.named(tmp_path):
        assert os.environ["TF_XLA_FLAGS"].startswith("--before ")
    assert os.environ["TF_XLA_FLAGS"] == "--before"
    with cache.named(None):
        assert os.environ["TF_XLA_FLAGS"] == "--before"


def test_the_key_tells_settings_that_shape_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    key = cache._key("jax")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    assert cache._key("jax") == key
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert cache._key("jax") != key
