"""Downloads from a server on this machine: they go on, and only the right file counts."""

import hashlib
import socket
from collections import namedtuple

import pytest

from genkit.data import download as module
from genkit.data.catalogue import DataFile
from genkit.data.download import UnreachableError, download
from genkit.errors import DataError
from genkit.progress import Progress
from tests.web import serve

CONTENT = bytes(range(256)) * 5000
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def web():
    with serve() as found:
        found.files["/a.bin"] = CONTENT
        yield found


def file(web, **changes) -> DataFile:
    facts = {"urls": (f"{web.url}/a.bin",), "checksum": SHA, "size": len(CONTENT)}
    return DataFile("a.bin", **{**facts, **changes})


def test_a_file_is_fetched_once(web, tmp_path) -> None:
    path = download(file(web), tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["a.bin"]
    assert download(file(web), path.parent) == path
    assert web.asked == [""]


def test_what_is_missing_is_asked_for(web, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    assert download(file(web), tmp_path).read_bytes() == CONTENT
    assert web.asked == ["bytes=1000-"]


def test_a_broken_connection_goes_on(web, tmp_path) -> None:
    web.stop_after = 500_000
    assert download(file(web), tmp_path).read_bytes() == CONTENT
    assert web.asked == ["", "bytes=500000-", "bytes=1000000-"]


def test_a_connection_that_brings_nothing_ends(web, tmp_path) -> None:
    web.stop_after = 0
    with pytest.raises(UnreachableError, match=r"a\.bin could not be downloaded"):
        download(file(web), tmp_path)
    assert len(web.asked) == module.ATTEMPTS


def test_a_later_call_goes_on(web, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 0)
    web.stop_after = 300_000
    with pytest.raises(UnreachableError):
        download(file(web), tmp_path)
    assert (tmp_path / "a.bin.part").stat().st_size == 300_000
    web.stop_after = None
    assert download(file(web), tmp_path).read_bytes() == CONTENT
    assert web.asked[-1] == "bytes=300000-"


def test_a_server_without_parts(web, tmp_path) -> None:
    web.ranges = False
    (tmp_path / "a.bin.part").write_bytes(b"x" * 2000)
    assert download(file(web), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), 0])
def test_a_part_that_is_the_whole(web, tmp_path, size) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    assert download(file(web, size=size), tmp_path).read_bytes() == CONTENT


def test_a_part_of_a_longer_file_begins_anew(web, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    assert download(file(web, size=0), tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_file_is_found_out(web, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"x" * 1000)
    with pytest.raises(DataError, match="It was removed; give the command again"):
        download(file(web), tmp_path)
    assert not list(tmp_path.iterdir())
    assert download(file(web), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_counts_for_nothing(web, tmp_path) -> None:
    web.files["/a.bin"] = CONTENT[:-1] + b"!"
    with pytest.raises(DataError, match="its sha256 is"):
        download(file(web), tmp_path)
    assert not list(tmp_path.iterdir())


def test_md5_as_some_publish(web, tmp_path) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert download(file(web, checksum=f"md5:{md5}"), tmp_path).exists()


def test_without_a_checksum_halves_are_not_joined(web, tmp_path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    download(file(web, checksum=""), tmp_path)
    assert web.asked == [""]


def test_a_file_that_is_there_is_never_overwritten(web, tmp_path) -> None:
    (tmp_path / "a.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match="Remove it, and give the command again"):
        download(file(web), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == b"mine"
    assert web.asked == []


@pytest.mark.parametrize("size", [100, len(CONTENT) + 1])
def test_another_size_is_another_file(web, tmp_path, size) -> None:
    with pytest.raises(UnreachableError, match=f"the published file has {size}"):
        download(file(web, size=size), tmp_path)


def test_the_next_address_is_tried(web, tmp_path) -> None:
    urls = (f"{web.url}/gone", "ftp://127.0.0.1/a.bin", f"{web.url}/a.bin")
    assert download(file(web, urls=urls), tmp_path).read_bytes() == CONTENT


def test_every_address_tells_why(web, tmp_path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/a.bin"
        urls = (f"{web.url}/gone", "file:///etc/passwd", dead)
        with pytest.raises(UnreachableError) as caught:
            download(file(web, urls=urls), tmp_path)
    message = caught.value.message
    assert f"{web.url}/gone: 404 Not Found" in message
    assert "file:///etc/passwd: not an http or https address" in message
    assert f"{dead}: [Errno" in message


def test_no_room(web, tmp_path, monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(1, 1, 10))
    with pytest.raises(DataError, match=r"needs 1280000 bytes; .* has 10 left"):
        download(file(web), tmp_path)


def test_progress_in_kilobytes(web, tmp_path) -> None:
    told = []

    class Listener(Progress):
        def start(self, label, total, unit, initial=0) -> None:
            told.append((label, total, unit, initial))

        def advance(self, count=1, values=None) -> None:
            told.append(count)

    (tmp_path / "a.bin.part").write_bytes(CONTENT[:200_000])
    download(file(web), tmp_path, progress=Listener())
    assert told[0] == ("a.bin", 1280, "kB", 200)
    assert sum(told[1:]) == 1080
