"""`genkit data`: what is there, getting it from a server on this machine, checking it."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genkit import registry
from genkit.data.catalogue import DataFile, DatasetEntry
from genkit.data.images import mnist
from genkit.run.metadata import data_line
from tests.data.audio.files import put, tone
from tests.data.images.readers.test_cifar10 import records
from tests.data.images.readers.test_mnist import idx
from tests.image_files import picture
from tests.web import serve


@pytest.fixture
def root(folder, monkeypatch):
    monkeypatch.setenv("GENKIT_DATA", str(folder / "sets"))
    return folder / "sets"


@pytest.fixture
def small(root, monkeypatch):
    """A server with MNIST of six training and two test images, and the catalogue's entry."""
    monkeypatch.setattr(mnist, "TRAIN", 6)
    monkeypatch.setattr(mnist, "TEST", 2)
    contents = {}
    for count, names in ((6, mnist.FILES[:2]), (2, mnist.FILES[2:])):
        contents[names[0]] = idx(np.zeros((count, 28, 28), np.uint8))
        contents[names[1]] = idx(np.arange(count, dtype=np.uint8))
    packed = {f"{name}.gz": gzip.compress(content) for name, content in contents.items()}
    with serve() as web:
        web.files = {f"/{name}": content for name, content in packed.items()}
        originals = [
            DataFile(f"{name}.gz", (f"{web.url}/{name}.gz",), sha(packed[f"{name}.gz"]),
                     len(packed[f"{name}.gz"]), content=sha(content).removeprefix("sha256:"))
            for name, content in contents.items()
        ]  # fmt: skip
        replace(monkeypatch, "mnist", originals=tuple(originals))
        yield web


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def replace(monkeypatch, name: str, **changes) -> None:
    entry = registry.datasets.get(name)
    changed = DatasetEntry(**{**entry.__dict__, **changes})
    monkeypatch.setitem(registry.datasets._entries, name, changed)


def last(result) -> dict:
    return json.loads(result.stdout.splitlines()[-1])


def test_list_tells_states_and_licences(run, root) -> None:
    result = run("data", "list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert set(lines) == set(registry.datasets.names())
    assert "built in" in lines["digits"]
    assert "missing" in lines["mnist"]
    assert "CC BY-SA 3.0" in lines["mnist"]
    assert "your own" in lines["images"]
    assert str(root) in result.stderr
    rows = last(run("data", "list", "--json"))["datasets"]
    assert [row["name"] for row in rows] == registry.datasets.names()


def test_get_then_verify(run, root, small) -> None:
    result = run("data", "get", "mnist")
    assert (result.exit_code, result.stdout) == (0, f"{root / 'mnist'}\n")
    assert "CC BY-SA 3.0" in result.stderr
    assert "LeCun" in result.stderr
    listed = {line.split()[0]: line for line in run("data", "list").stdout.splitlines()}
    assert "complete" in listed["mnist"]
    result = run("data", "verify", "gated_pixelcnn/mnist", "-o", "data.validation_count=2")
    assert result.exit_code == 0
    assert "mnist: fine (train 4, validation 2, test 2)" in result.stdout
    assert f"{mnist.FILES[0]}: ok" in result.stdout
    assert len(small.asked) == 4


def test_get_goes_on(run, root, small) -> None:
    name = f"{mnist.FILES[0]}.gz"
    (root / "mnist").mkdir(parents=True)
    (root / "mnist" / f"{name}.part").write_bytes(small.files[f"/{name}"][:10])
    payload = last(run("data", "get", "mnist", "--json"))
    assert payload["licence"].startswith("CC BY-SA")
    assert len(payload["files"]) == 4
    assert small.asked[0] == "bytes=10-"


def test_get_from_elsewhere(run, root, small, monkeypatch) -> None:
    originals = registry.datasets.get("mnist").originals
    closed = tuple(DataFile(f.name, (), f.checksum, f.size) for f in originals)
    replace(monkeypatch, "mnist", originals=closed)
    assert run("data", "get", "mnist", "--from", f"{small.url}/").exit_code == 0


def test_without_a_network_every_file_and_its_place_are_named(run, root, small) -> None:
    small.status = 503
    result = run("data", "get", "mnist")
    assert result.exit_code == 1
    for file in registry.datasets.get("mnist").originals:
        assert file.urls[0] in result.stderr
    assert f"into {root / 'mnist'}; then give: genkit data verify mnist" in result.stderr
    assert "503" in result.stderr


def test_data_that_needs_a_registration(run, root) -> None:
    result = run("data", "get", "imagenet64", "--json")
    assert result.exit_code == 1
    message = last(result)["error"]["message"]
    for part in ("image-net.org", "Imagenet64_train_part1_npz.zip", str(root / "imagenet64")):
        assert part in message
    assert "genkit data prepare imagenet64" in message


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("get", "digits"), 0, "built in: there is nothing to get"),
        (("get", "images"), 2, "data of your own"),
        (("get", "mnits"), 2, "Did you mean 'mnist'?"),
        (("verify", "images"), 2, "name a recipe"),
        (("verify", "mnits"), 2, "Did you mean 'mnist'?"),
        (("verify", "gated_pixelcnn/minst"), 2, "Did you mean 'gated_pixelcnn/mnist'?"),
        (("prepare", "mnist", "-o", "data.levels=4"), 2, "-o goes with a recipe"),
        (("prepare", "mnist"), 1, "not found"),
        (("verify",), 1, "no published data set is there"),
    ],
)
def test_what_cannot_be_done(run, root, args, code, message) -> None:
    result = run("data", *args)
    assert result.exit_code == code
    assert message in result.stderr


def test_verify_finds_a_changed_file(run, root, small) -> None:
    run("data", "get", "mnist")
    path = root / "mnist" / f"{mnist.FILES[0]}.gz"
    path.write_bytes(gzip.compress(idx(np.ones((6, 28, 28), np.uint8))))
    result = run("data", "verify", "gated_pixelcnn/mnist", "-o", "data.validation_count=2")
    assert result.exit_code == 1
    assert "mnist: wrong" in result.stdout
    assert f"{mnist.FILES[0]}: differs" in result.stdout


def test_verify_tells_why_a_file_is_not_read(run, root, small) -> None:
    run("data", "get", "mnist")
    path = root / "mnist" / f"{mnist.FILES[2]}.gz"
    path.write_bytes(path.read_bytes()[:-3])
    result = run("data", "verify", "mnist", "--json")
    assert result.exit_code == 1
    (row,) = last(result)["datasets"]
    assert row["fine"] is False
    assert "damaged or truncated gzip file" in row["problem"]


def test_an_archive_is_unpacked_and_remembered(run, root, monkeypatch) -> None:
    from genkit.data.images import cifar10

    monkeypatch.setattr(cifar10, "RECORDS", 4)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(records(4))
            archive.addfile(entry, io.BytesIO(records(4)))
    (root / "cifar10").mkdir(parents=True)
    (root / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(buffer.getvalue())
    result = run("data", "prepare", "gated_pixelcnn/cifar10", "-o", "data.validation_count=4")
    assert result.exit_code == 0, result.stderr
    assert "none stated" in result.stderr
    assert (root / "cifar10" / "SHA256SUMS").read_text().count("cifar-10-batches-bin/") == 6
    path = root / "cifar10" / "cifar-10-batches-bin" / "data_batch_1.bin"
    args = ("data", "verify", "gated_pixelcnn/cifar10", "-o", "data.validation_count=4")
    assert run(*args).exit_code == 0
    path.write_bytes(records(4, 1))
    result = run(*args)
    assert result.exit_code == 1
    assert "data_batch_1.bin: differs" in result.stdout


def test_prepare_a_folder_of_pictures(run, root, folder) -> None:
    (folder / "mine").mkdir()
    for i in range(5):
        image = np.full((9, 7, 3), 50 * i, np.uint8)
        (folder / "mine" / f"{i}.png").write_bytes(picture(image))
    options = ("-o", "data.path=mine", "-o", "data.height=4", "-o", "data.width=4")
    payload = last(run("data", "prepare", "gated_pixelcnn/images", *options, "--json"))
    assert payload["dataset"] == "images"
    assert payload["folder"].startswith(str(root / "prepared" / "images-"))
    shape = np.load(f"{payload['folder']}/train_images.npy", mmap_mode="r").shape
    assert shape == (3, 4, 4, 3)


def test_prepare_a_folder_of_recordings(run, root, folder) -> None:
    """What was kept and dropped, and why, for people and for programs."""
    for i in range(9):
        put(folder / f"mine/{i}.wav", tone(0.5))
    put(folder / "mine/silent.wav", 0 * tone(1.0))
    (folder / "mine/cover.txt").write_text("no audio")
    (folder / "own.yaml").write_text(
        "family: wavenet\ndata: {name: audio, path: mine, sample_rate: 8000, "
        "validation_share: 0.2, test_share: 0.2}\n"
    )
    result = run("data", "prepare", "own.yaml")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(str(root / "prepared" / "audio-"))
    assert "kept: 9 recordings, 4.5 s" in result.stderr
    assert "dropped: 2 files or recordings, 1.0 s of 5.5 s" in result.stderr
    assert "dropped, silent: 1, 1.0 s dropped: silent.wav" in result.stderr
    payload = last(run("data", "prepare", "own.yaml", "--json"))
    assert sum(payload["splits"].values()) == 9
    assert sum(payload["seconds"].values()) == 4.5
    assert payload["notes"]["kept"] == "9 recordings, 4.5 s"
    assert payload["notes"]["dropped, not audio or no part of it"] == "1: cover.txt"
    lines = (Path(payload["folder"]) / "report.jsonl").read_text().splitlines()
    report = [json.loads(line) for line in lines]
    assert {line["name"] for line in report} == {"silent.wav", "cover.txt"}
    result = run("data", "verify", "own.yaml")
    assert result.exit_code == 0
    assert "audio: fine (train 5 of 2.5 s, validation 2 of 1.0 s, test 2 of" in result.stdout


def test_prepare_an_empty_folder(run, root, folder) -> None:
    (folder / "mine").mkdir()
    (folder / "own.yaml").write_text("family: wavenet\ndata: {name: audio, path: mine}\n")
    result = run("data", "prepare", "own.yaml")
    assert result.exit_code == 1
    assert "no recordings in this folder" in result.stderr


def test_images_do_not_come_from_recordings(run, folder) -> None:
    (folder / "own.yaml").write_text("family: gated_pixelcnn\ndata: {name: fsdd}\n")
    result = run("validate", "own.yaml")
    assert result.exit_code == 2
    assert "data.name: gated_pixelcnn needs images; 'fsdd' holds none" in result.stderr


def test_generated_recordings(run, root) -> None:
    result = run("data", "verify", "strings")
    assert result.exit_code == 0
    assert "strings: fine (train 1,536 of 1,536.0 s, validation 96" in result.stdout
    assert "built in: there is nothing to get" in run("data", "get", "strings").stderr
    assert "Karplus" in run("info", "strings").stdout


def test_an_archive_of_very_many_files(run, root, monkeypatch) -> None:
    """Only what belongs to the data set is unpacked, below its folder, and once."""
    (root / "ljspeech").mkdir(parents=True)
    path = root / "ljspeech" / "LJSpeech-1.1.tar.bz2"
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.1, rate=22_050), 22_050, format="WAV")
    contents = {f"LJSpeech-1.1/wavs/LJ001-000{i}.wav": buffer.getvalue() for i in range(1, 6)}
    contents["LJSpeech-1.1/metadata.csv"] = b"LJ001-0001|A|B\n"
    with tarfile.open(path, mode="w:bz2") as archive:
        for name, content in {**contents, "LJSpeech-1.1/README": b"read me"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    result = run("data", "prepare", "ljspeech", "--json")
    assert result.exit_code == 0, result.stderr
    assert last(result)["notes"]["part"].startswith("5 of the 13,100 recordings")
    assert not (root / "ljspeech/LJSpeech-1.1/README").exists()
    assert (root / "ljspeech/SHA256SUMS").read_text().count("LJSpeech-1.1/") == 6
    path.write_bytes(b"no archive any more")  # and not needed any more
    assert run("data", "prepare", "ljspeech").exit_code == 0
    (root / "ljspeech/LJSpeech-1.1/wavs/LJ001-0003.wav").write_bytes(b"changed")
    result = run("data", "verify", "ljspeech")
    assert result.exit_code == 1
    assert "LJ001-0003.wav: differs" in result.stdout


def test_data_is_part_of_a_run_s_signature(run, root, small) -> None:
    run("data", "get", "mnist")
    args = ("train", "gated_pixelcnn/mnist", "--dry-run", "--json", "-o", "data.validation_count=2")
    first = last(run(*args))["signature"]
    path = root / "mnist" / f"{mnist.FILES[0]}.gz"
    content = gzip.decompress(path.read_bytes())
    path.unlink()
    path.with_suffix("").write_bytes(content)  # unpacked: the same data
    assert last(run(*args))["signature"] == first
    path.with_suffix("").write_bytes(content[:-1] + b"!")
    assert last(run(*args))["signature"] != first


def test_a_run_without_its_data_says_what_to_do(run, root) -> None:
    result = run("train", "gated_pixelcnn/mnist", "--json")
    assert result.exit_code == 1
    assert last(result)["error"]["code"] == "data"
    assert "genkit data get mnist" in result.stderr
    assert "not known before" in run("info", "gated_pixelcnn/mnist").stdout


def test_licence_and_part_are_told_before_training() -> None:
    facts = {
        "name": "cifar10",
        "licence": "none stated",
        "files": {"data_batch_1.first9.bin": "sha256:0"},
        "part": True,
        "preprocessing": "quantised from 256 to 16 levels",
    }
    assert data_line(facts) == (
        "data: cifar10; A PART of it: figures do not compare with published ones; quantised from "
        "256 to 16 levels. Licence: none stated"
    )
    assert data_line({"name": "digits", "licence": "CC BY 4.0"}) == ""
