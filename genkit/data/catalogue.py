"""What a data set is: who made it, and which files it consists of. Light: no NumPy, no Keras."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One original file of a data set.

    Args:
        name: path below the data set's folder, as it is downloaded.
        urls: where it can be downloaded, the first that answers is used; empty where the
            owner wants people to register first.
        checksum: `sha256:...` or `md5:...` of the file as downloaded; empty where none is known.
        size: bytes of the download; 0 where unknown.
        contents: for an archive, what it unpacks to, below the data set's folder.
        content: SHA-256 in hexadecimal of the content of a `.gz`.
        unpacks: for an archive of very many files, patterns (of `fnmatch`) of those that are
            unpacked, under their names in the archive; instead of `contents`.
    """

    name: str
    urls: tuple[str, ...] = ()
    checksum: str = ""
    size: int = 0
    contents: tuple[str, ...] = ()
    content: str = ""
    unpacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetEntry:
    """A data set by name.

    Args:
        name: such as `digits`; also its folder below `GENKIT_DATA`.
        kind: what an item is: `images`, `audio`, ....
        summary: one line.
        licence: as stated by its owner.
        citation: whom to cite.
        config: `module:Class` of the pydantic model of the recipe's `data` section.
        source: `module:function`, called with that config, returns the data set.
        builtin: True when no file has to be fetched.
        files: `module:function`, called with that config, returns name -> path of the files
            that the data set is read from; None where there are none.
        originals: the files as their owner publishes them.
        blocks: `module:function`, called with that config, returns its splits block by block
            (images) or a listing of its recordings (audio); for data that may not fit into
            memory.
        whole: names of all files; data of other files is a part, and says so.
        file_count: of very many files, how many the whole has; data of fewer is a part, too.
        homepage: where its owner tells about it.
        own: True for a kind of data that the user brings.
        made_of: names of other data sets whose files it is made of.
    """

    name: str
    kind: str
    summary: str
    licence: str
    citation: str
    config: str
    source: str
    builtin: bool = True
    files: str | None = None
    originals: tuple[DataFile, ...] = ()
    blocks: str | None = None
    whole: tuple[str, ...] = ()
    file_count: int = 0
    homepage: str = ""
    own: bool = False
    made_of: tuple[str, ...] = ()

    def checksums(self) -> dict[str, str]:
        """Name without `.gz` -> SHA-256 of the content, of the files for which it is known."""
        found = {}
        for file in self.originals:
            kind, _, value = file.checksum.partition(":")
            content = file.content or (value if kind == "sha256" else "")
            if content and (file.content or not file.name.endswith(".gz")):
                found[file.name.removesuffix(".gz")] = content
        return found
