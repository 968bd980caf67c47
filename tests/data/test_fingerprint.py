"""What the files of a data set hold, as checksums."""

import gzip
import hashlib

import numpy as np
import pytest

from genkit.data import fingerprint as module
from genkit.data.fingerprint import checksum, fingerprint
from genkit.errors import DataError
from tests.image_files import picture, section


def test_packed_or_not_is_the_same(tmp_path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(content))
    expected = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert checksum(tmp_path / "plain") == checksum(tmp_path / "packed.gz") == expected


@pytest.mark.parametrize("place", [0, 5_000, 9_999])
def test_large_files_by_blocks(tmp_path, monkeypatch, place) -> None:
    monkeypatch.setattr(module, "WHOLE", 1000)
    monkeypatch.setattr(module, "SAMPLE", 100)
    monkeypatch.setattr(module, "BLOCK", 10)
    content = bytearray(10_000)
    (tmp_path / "a").write_bytes(content)
    content[place] = 1
    (tmp_path / "b").write_bytes(content)
    (tmp_path / "c").write_bytes(bytes(10_001))
    found = [checksum(tmp_path / name) for name in "abc"]
    assert all(value.startswith("sha256-blocks:") for value in found)
    assert len(set(found)) == 3


def test_a_damaged_file_has_no_checksum(tmp_path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1000))[:-5])
    with pytest.raises(DataError, match="damaged or truncated gzip file"):
        checksum(path)
    with pytest.raises(DataError, match="cannot be read"):
        checksum(tmp_path / "absent")


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Forty pictures, in a folder of the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    for i in range(40):
        (tmp_path / "images" / f"{i}.png").write_bytes(picture(np.full((2, 2), i, np.uint8)))
    return tmp_path / "images"


def test_many_files_are_one_entry(pictures) -> None:
    config = section(name="images")
    first = fingerprint(config)
    assert list(first) == ["40 files"]
    assert fingerprint(config) == first
    (pictures / "3.png").write_bytes(picture(np.full((2, 2), 200, np.uint8)))
    second = fingerprint(config)
    assert second != first
    (pictures / "3.png").rename(pictures / "x.png")
    assert fingerprint(config) not in (first, second)


def test_very_many_files_by_size(pictures, monkeypatch) -> None:
    monkeypatch.setattr(module, "BY_CONTENT", 10)
    config = section(name="images")
    first = fingerprint(config)
    assert first["40 files"].startswith("sha256-sizes:")
    with (pictures / "3.png").open("ab") as file:
        file.write(b" ")
    assert fingerprint(config) != first


def test_built_in_data_has_none() -> None:
    assert fingerprint(section(name="digits")) == {}
