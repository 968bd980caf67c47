"""Archives that want out of their folder, or to grow without limit."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from genkit.data import archives
from genkit.data.archives import read_member, unpack, zip_members
from genkit.errors import DataError


def zip_of(members: dict[str, bytes], **attributes: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = attributes.get("mode", 0) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def tar_of(members: dict[str, bytes], change: Callable = lambda entry: None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            change(entry)
            archive.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside"


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder.parent / name
    path.write_bytes(content)
    return path


def nothing_written(folder: Path) -> bool:
    return not list(folder.iterdir()) and len(list(folder.parent.iterdir())) == 2


MEMBERS = {"top/a/one.bin": b"one" * 1000, "top/b/two.bin": b"two"}


@pytest.mark.parametrize(("name", "make"), [("x.zip", zip_of), ("x.tar.gz", tar_of)])
def test_what_was_asked_for_is_written(folder, name, make) -> None:
    path = write(folder, name, make({**MEMBERS, "top/not-asked-for": b""}))
    found = unpack(path, folder, ["b/two.bin", "one.bin"])
    assert {p.relative_to(folder).as_posix(): p.read_bytes() for p in found} == {
        "b/two.bin": b"two",
        "one.bin": b"one" * 1000,
    }
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 2


@pytest.mark.parametrize(
    "name", ["../out", "/out", "a/../../out", "..\\out", "C:\\out", "C:/out", "\\out"]
)
@pytest.mark.parametrize(("kind", "make"), [("x.zip", zip_of), ("x.tar.gz", tar_of)])
def test_names_that_leave(folder, kind, make, name) -> None:
    path = write(folder, kind, make({**MEMBERS, name: b"!"}))
    with pytest.raises(DataError, match="would leave its folder") as caught:
        unpack(path, folder, ["one.bin"])
    assert str(path) in caught.value.message
    assert nothing_written(folder)


def link(kind: bytes) -> Callable:
    def change(entry: tarfile.TarInfo) -> None:
        if entry.name == "link":
            entry.type, entry.linkname, entry.size = kind, "/etc/passwd", 0

    return change


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE]
)
def test_links_and_devices_in_tar(folder, kind) -> None:
    path = write(folder, "x.tar.gz", tar_of({**MEMBERS, "link": b""}, link(kind)))
    with pytest.raises(DataError, match="link is not a plain file"):
        unpack(path, folder, ["one.bin"])
    assert nothing_written(folder)


def test_links_in_zip(folder) -> None:
    path = write(folder, "x.zip", zip_of({"link": b"/etc/passwd"}, mode=0o120777))
    with pytest.raises(DataError, match="link is not a plain file"):
        unpack(path, folder, ["link"])
    assert nothing_written(folder)


def test_the_same_name_twice(folder) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a"))
    path = write(folder, "x.tar", buffer.getvalue())
    with pytest.raises(DataError, match="a is there twice"):
        unpack(path, folder, ["a"])


@pytest.mark.parametrize(("name", "make"), [("x.zip", zip_of), ("x.tar.gz", tar_of)])
def test_bombs(folder, name, make) -> None:
    path = write(folder, name, make({"bomb": bytes(20_000_000)}))
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match="unpacks to more than 1000000 bytes"):
        unpack(path, folder, ["bomb"], limit=1_000_000)
    assert nothing_written(folder)


def test_a_zip_that_lies_about_its_size(folder) -> None:
    content = bytearray(zip_of({"bomb": bytes(20_000_000)}))
    said = (20_000_000).to_bytes(4, "little")
    assert content.count(said) == 2  # in the member's own header and in the directory
    path = write(folder, "x.zip", bytes(content.replace(said, (100).to_bytes(4, "little"))))
    with pytest.raises(DataError, match=r"damaged|holds more than"):
        unpack(path, folder, ["bomb"], limit=1_000_000)
    assert not (folder / "bomb").exists()
    assert all(p.stat().st_size <= 1_000_000 for p in folder.iterdir())


def test_too_many_members(folder, monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    path = write(folder, "x.zip", zip_of({str(i): b"" for i in range(6)}))
    with pytest.raises(DataError, match="has more than 3 members"):
        unpack(path, folder, ["1"])


@pytest.mark.parametrize(("name", "make"), [("x.zip", zip_of), ("x.tar.gz", tar_of)])
def test_truncated_archives(folder, name, make) -> None:
    content = make({"a": bytes(range(256)) * 100, **MEMBERS})
    for length in range(0, len(content), 37):
        path = write(folder, name, content[:length])
        try:
            found = unpack(path, folder, ["a", "one.bin", "two.bin"])
        except DataError as error:
            assert str(path) in error.message  # noqa: PT017 - both ways are right
        else:  # what is left out holds no byte of a member
            assert [p.read_bytes() for p in found] == [bytes(range(256)) * 100, *MEMBERS.values()]
            assert length > len(content) - 200


def test_a_member_that_changed_on_the_way(folder) -> None:
    content = bytearray(zip_of({"a": bytes(range(256)) * 100}))
    content[60] ^= 0xFF
    path = write(folder, "x.zip", bytes(content))
    with zip_members(path) as members, pytest.raises(DataError, match="a is damaged after byte"):
        read_member(members, "a", 10**6)


@pytest.mark.parametrize(("wanted", "message"), [("c", "has no c"), ("x.bin", "more than one")])
def test_members_that_cannot_be_meant(folder, wanted, message) -> None:
    path = write(folder, "x.zip", zip_of({"a/x.bin": b"", "b/x.bin": b""}))
    with pytest.raises(DataError, match=message):
        unpack(path, folder, [wanted])


def test_not_an_archive(folder) -> None:
    for name in ("x.zip", "x.tar.gz"):
        with pytest.raises(DataError, match="damaged or truncated"):
            unpack(write(folder, name, b"hello"), folder, ["a"])
