"""The data sets by name: what they hold, who made them, and which files they consist of.

Light: `genkit list` imports this, so no NumPy and no Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    """

    name: str
    urls: tuple[str, ...] = ()
    checksum: str = ""
    size: int = 0
    contents: tuple[str, ...] = ()


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
        checksums: name -> SHA-256 of the content, unpacked where the file is `.gz`.
        homepage: where its owner tells about it.
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
    checksums: Mapping[str, str] = field(default_factory=dict)
    homepage: str = ""


_CONFIG = "genkit.data.images.config"

ENTRIES = (
    DatasetEntry(
        name="digits",
        kind="images",
        summary="scikit-learn's handwritten digits: 1,797 images 8x8, 17 grey levels, 10 classes",
        licence="CC BY 4.0",
        citation="Alpaydin, E. and Kaynak, C., 1998. Optical Recognition of Handwritten Digits. "
        "UCI Machine Learning Repository, DOI 10.24432/C50P49",
        config=f"{_CONFIG}:DigitsConfig",
        source="genkit.data.images.digits:load",
    ),
    DatasetEntry(
        name="textures",
        kind="images",
        summary="generated striped textures, grey or colour, any size, 2 to 256 levels, 4 classes",
        licence="generated, none needed",
        citation="none",
        config=f"{_CONFIG}:TexturesConfig",
        source="genkit.data.images.textures:load",
    ),
    DatasetEntry(
        name="binarized_mnist",
        kind="images",
        summary="MNIST in Larochelle's fixed binarization: 50,000/10,000/10,000 images 28x28, "
        "0 or 1, no labels",
        licence="none stated; derived from MNIST",
        citation="Larochelle, H. and Murray, I., 2011. The Neural Autoregressive Distribution "
        "Estimator. AISTATS",
        config=f"{_CONFIG}:BinarizedMnistConfig",
        source="genkit.data.images.binarized_mnist:load",
        builtin=False,
        files="genkit.data.images.binarized_mnist:files",
    ),
)
