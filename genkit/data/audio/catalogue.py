"""The audio data sets by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DataFile, DatasetEntry

_AUDIO = "genkit.data.audio"
_CONFIG = f"{_AUDIO}.config"
_FSDD = "https://github.com/Jakobovski/free-spoken-digit-dataset"

ENTRIES = (
    DatasetEntry(
        name="fsdd",
        kind="audio",
        summary="Free Spoken Digit Dataset: 3,000 recordings at 8 kHz, 6 speakers, 10 digits, "
        "1,312 s",
        licence="CC BY-SA 4.0",
        citation="Jackson, Z. and others, 2018. Free Spoken Digit Dataset. "
        "DOI 10.5281/zenodo.1342401",
        config=f"{_CONFIG}:FsddConfig",
        source=f"{_AUDIO}.fsdd:load",
        builtin=False,
        files=f"{_AUDIO}.fsdd:files",
        blocks=f"{_AUDIO}.fsdd:listing",
        originals=(
            DataFile(
                "free-spoken-digit-dataset-1.0.10.zip",
                (f"{_FSDD}/archive/refs/tags/v1.0.10.zip",),
                unpacks="*/recordings/*.wav",
            ),
        ),
        homepage=_FSDD,
    ),
)
