"""Full disks, folders that cannot be written, and memory that does not grow with a job."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from genkit import files
from genkit.artifacts import parts
from genkit.artifacts.npz import npz_bytes, read_npz
from genkit.errors import StorageError
from genkit.sampling.job import Job, Shard, merge_job, run_job
from genkit.sampling.priming import image_primes
from tests.sampling.fake import SHAPE, FakeGenerator
from tests.sampling.jobs import ROOT, Heard, contents, do, worker

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`full("parts/", after=2)`: files whose path has that in it can be written twice, then the
    disk is full; `full.free()` makes room again."""

    class Disk:
        def __init__(self) -> None:
            self.word, self.left, self.error = "", 0, errno.ENOSPC

        def __call__(self, word: str, after: int = 0, error: int = errno.ENOSPC) -> None:
            self.word, self.left, self.error = word, after, error

        def free(self) -> None:
            self.word = ""

    disk = Disk()
    fsync = os.fsync

    def full_fsync(descriptor: int) -> None:
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if disk.word and disk.word in name and name.endswith(".tmp"):
            if disk.left <= 0:
                raise OSError(disk.error, os.strerror(disk.error))
            disk.left -= 1
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", full_fsync)
    return disk


@pytest.mark.parametrize("shard", [None, Shard(0, 1)])
@pytest.mark.parametrize("in_flight", [1, 3])
def test_a_full_disk_keeps_what_is_finished(
    tmp_path: Path, full: Any, in_flight: int, shard: Shard | None
) -> None:
    do(tmp_path / "whole", 40, shard=shard)
    full("parts/", after=3)
    with pytest.raises(StorageError) as caught:
        do(tmp_path / "job", 40, in_flight=in_flight, shard=shard)
    assert caught.value.exit_code == 1
    assert caught.value.message.startswith(f"No space left on device: {tmp_path / 'job'}/parts/")
    assert caught.value.message.endswith(
        f".npz. What is finished in {tmp_path / 'job'} is kept: make room and give the same "
        "command again."
    )
    names = [path.name for path in (tmp_path / "job" / "parts").iterdir()]
    assert len(names) == 3, "nothing that is half written takes room"
    full.free()
    generator = FakeGenerator()
    do(tmp_path / "job", 40, generator, shard=shard)
    assert len(generator.asked) == 7
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("name", ["samples.npz", "grid.png", "job.json", "parts.sha256"])
def test_a_disk_that_fills_up_while_parts_are_put_together(
    tmp_path: Path, full: Any, name: str, error: int
) -> None:
    do(tmp_path / "whole")
    full(name, error=error)
    with pytest.raises(StorageError, match=os.strerror(error)):
        do(tmp_path / "job")
    assert not (tmp_path / "job" / "job.json").exists()
    assert not list((tmp_path / "job").rglob("*.tmp"))
    full.free()
    generator = FakeGenerator()
    do(tmp_path / "job", generator=generator)
    assert generator.asked == []
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")


@pytest.mark.parametrize("name", ["completions.png", "sampling.gif", "job.json"])
def test_a_disk_that_fills_up_while_pictures_are_written(
    tmp_path: Path, full: Any, name: str
) -> None:
    primes = image_primes(np.zeros((3, *SHAPE), np.uint8), "top")

    def draw(folder: str) -> None:
        run_job(Job(10, 3, primes=primes), tmp_path / folder, FakeGenerator(), animate=True)

    draw("whole")
    full(name)
    with pytest.raises(StorageError, match="make room and give the same command again"):
        draw("job")
    assert not (tmp_path / "job" / "job.json").exists()
    assert not list((tmp_path / "job").rglob("*.tmp"))
    full.free()
    draw("job")
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")


def test_a_disk_that_fills_up_while_shards_are_merged(tmp_path: Path, full: Any) -> None:
    for number in range(2):
        do(tmp_path / str(number), shard=Shard(number, 2))
    full("new/parts/", after=1)
    with pytest.raises(StorageError, match="make room and give the same command again"):
        merge_job([tmp_path / "0", tmp_path / "1"], tmp_path / "new")
    full.free()
    merge_job([tmp_path / "0", tmp_path / "1"], tmp_path / "new")
    do(tmp_path / "whole")
    assert contents(tmp_path / "new") == contents(tmp_path / "whole")


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """A real one, in a process of its own: parts fit, the whole does not."""
    folder = tmp_path / "job"
    with worker(folder, "--largest", 3000, count=400) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("File too large: ")
    assert "make room and give the same command again" in errors
    assert "Traceback" not in errors
    assert len(list((folder / "parts").iterdir())) == 100
    assert not list(folder.rglob("*.tmp"))
    generator = FakeGenerator()
    do(folder, 400, generator)
    assert generator.asked == []
    do(tmp_path / "whole", 400)
    assert contents(folder) == contents(tmp_path / "whole")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    generator = FakeGenerator()
    with pytest.raises(StorageError) as caught:
        do(tmp_path / "file" / "job", generator=generator)
    assert caught.value.message == (
        f"Not a directory: {tmp_path / 'file' / 'job'}. {tmp_path / 'file' / 'job'} must be a "
        "folder that can be read and written, on a disk that works."
    )
    assert generator.asked == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    do(tmp_path / "job")
    before = contents(tmp_path / "job")
    (tmp_path / "job" / "parts" / "000000004-000000008.npz").unlink()
    for path in (tmp_path / "job" / "parts", tmp_path / "job"):
        path.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            do(tmp_path / "job")
        with pytest.raises(StorageError, match="Permission denied"):
            do(tmp_path / "job" / "inner")
    finally:
        for path in (tmp_path / "job", tmp_path / "job" / "parts"):
            path.chmod(0o755)
    do(tmp_path / "job")
    assert contents(tmp_path / "job") == before


def test_a_folder_refused_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *arguments: Any, **options: Any) -> IO[Any]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StorageError, match=r"^Permission denied: .*job.json"):
        do(tmp_path)


def test_large_jobs_get_no_single_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ONE_FILE_BYTES", 10 * 32)  # 12 values, 4 + 8 + 8 bytes beside
    heard = Heard()
    do(tmp_path / "small", 9, progress=heard)
    assert (tmp_path / "small" / "samples.npz").exists()
    assert heard.messages == []
    result = do(tmp_path / "large", 10, progress=heard)
    assert [path.name for path in result.files] == ["grid.png"]
    assert heard.messages == ["3.2e-07 GB of samples: too large for one file, they stay in parts/"]
    assert sorted(path.name for path in (tmp_path / "large").iterdir()) == [
        "grid.png", "job.json", "lock", "parts", "parts.sha256", "settings.json"
    ]  # fmt: skip
    assert do(tmp_path / "large", 10).complete_before


PEAK = r"""
import json, re, sys
from pathlib import Path
from genkit.sampling.conditions import read_conditions
from genkit.sampling.job import Job, Shard, merge_job, run_job
from genkit.sampling.priming import image_primes
from tests.sampling.fake import SHAPE, QuickGenerator
import numpy as np

count, folder = int(sys.argv[1]), Path(sys.argv[2])
with open(sys.argv[3], "rb") as file:
    rows = read_conditions(file, "rows", {})
primes = image_primes(np.zeros((50, *SHAPE), np.uint8), "top")
for number in range(2):
    job = Job(count, 3, rows, primes, in_flight=2, shard=Shard(number, 2))
    run_job(job, folder, QuickGenerator(tile=500))
merge_job([folder])
# (The peak in getrusage includes that of the process before, which was a larger one.)
print(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def peak(folder: Path, count: int) -> int:
    """Bytes of memory that a process took to draw and merge, each sample with its condition."""
    folder.mkdir()
    rows = folder / "rows.jsonl"
    with rows.open("w") as file:
        for i in range(count):
            file.write(json.dumps({"class": i % 7, "of": f"sample {i}"}) + "\n")
    found = subprocess.run(
        [sys.executable, "-c", PEAK, str(count), str(folder / "job"), str(rows)],
        capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return int(found.stdout) * 1024


def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path) -> None:
    few, many = 2_000, 60_000
    grown = peak(tmp_path / "many", many) - peak(tmp_path / "few", few)
    # 60,000 samples are 2 MB as arrays; their conditions would be some 20 MB as objects.
    assert grown < 4e6, f"{grown / 1e6:.1f} MB more"
    arrays = read_npz(tmp_path / "many" / "job" / "samples.npz")
    np.testing.assert_array_equal(arrays["index"], np.arange(many))
    np.testing.assert_array_equal(arrays["label"], np.arange(many) % 7)
    assert len(npz_bytes(arrays)) == (tmp_path / "many" / "job" / "samples.npz").stat().st_size
