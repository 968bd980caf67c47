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
                unpacks=("*/recordings/*.wav",),
            ),
        ),
        file_count=3_000,
        homepage=_FSDD,
    ),
    DatasetEntry(
        name="ljspeech",
        kind="audio",
        summary="LJ Speech: 13,100 passages read by one woman, 22,050 Hz, 24 h, with texts",
        licence="public domain",
        citation="Ito, K. and Johnson, L., 2017. The LJ Speech Dataset",
        config=f"{_CONFIG}:LjSpeechConfig",
        source=f"{_AUDIO}.ljspeech:load",
        builtin=False,
        files=f"{_AUDIO}.ljspeech:files",
        blocks=f"{_AUDIO}.ljspeech:listing",
        originals=(
            DataFile(
                "LJSpeech-1.1.tar.bz2",
                ("https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",),
                "sha256:be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
                2_748_572_632,
                unpacks=("*/metadata.csv", "*/wavs/*.wav"),
            ),
        ),
        file_count=13_101,
        homepage="https://keithito.com/LJ-Speech-Dataset/",
    ),
    DatasetEntry(
        name="vctk",
        kind="audio",
        summary="VCTK: sentences by 110 English speakers, 48 kHz, 44 h, with texts",
        licence="CC BY 4.0",
        citation="Yamagishi, J., Veaux, C. and MacDonald, K., 2019. CSTR VCTK Corpus: English "
        "Multi-speaker Corpus for CSTR Voice Cloning Toolkit (version 0.92). "
        "DOI 10.7488/ds/2645",
        config=f"{_CONFIG}:VctkConfig",
        source=f"{_AUDIO}.vctk:load",
        builtin=False,
        files=f"{_AUDIO}.vctk:files",
        blocks=f"{_AUDIO}.vctk:listing",
        originals=(
            DataFile(
                "VCTK-Corpus-0.92.zip",
                (
                    "https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
                    "https://datashare.is.ed.ac.uk/bitstream/handle/10283/3443/"
                    "VCTK-Corpus-0.92.zip",
                ),
                "sha256:f96258be9fdc2cbff6559541aae7ea4f59df3fcaf5cf963aae5ca647357e359c",
                11_747_302_977,
                unpacks=("*wav48_silence_trimmed/*.flac", "*txt/*.txt"),
            ),
        ),
        homepage="https://datashare.ed.ac.uk/handle/10283/3443",
    ),
    DatasetEntry(
        name="timit",
        kind="audio",
        summary="TIMIT: 6,300 sentences by 630 American speakers, 16 kHz, with phones and texts",
        licence="Linguistic Data Consortium's, after payment; the public sample CC BY-NC-SA: "
        "non-commercial",
        citation="Garofolo, J. and others, 1993. TIMIT Acoustic-Phonetic Continuous Speech "
        "Corpus. Linguistic Data Consortium, LDC93S1",
        config=f"{_CONFIG}:TimitConfig",
        source=f"{_AUDIO}.timit:load",
        builtin=False,
        files=f"{_AUDIO}.timit:files",
        blocks=f"{_AUDIO}.timit:listing",
        file_count=18_900,
        homepage="https://catalog.ldc.upenn.edu/LDC93S1",
    ),
    DatasetEntry(
        name="strings",
        kind="audio",
        summary="synthesised plucked strings: 4 instruments, 12 notes, 1 s each, any rate",
        licence="generated, none needed",
        citation="Karplus, K. and Strong, A., 1983. Digital Synthesis of Plucked-String and Drum "
        "Timbres. Computer Music Journal 7(2)",
        config=f"{_CONFIG}:StringsConfig",
        source=f"{_AUDIO}.strings:load",
    ),
    DatasetEntry(
        name="espeak",
        kind="audio",
        summary="sentences spoken by eSpeak NG in English and Mandarin, with phones and words; "
        "extra `speech`",
        licence="generated, none needed; eSpeak NG itself is under the GPL 3",
        citation="Duddington, J., Dunn, R. H. and others, 2024. eSpeak NG. "
        "https://github.com/espeak-ng/espeak-ng",
        config=f"{_CONFIG}:EspeakConfig",
        source=f"{_AUDIO}.espeak:load",
    ),
    DatasetEntry(
        name="audio",
        kind="audio",
        summary="a folder of your own recordings, in any format that soundfile reads",
        licence="yours to know",
        citation="none",
        config=f"{_CONFIG}:AudioFolderConfig",
        source=f"{_AUDIO}.folder:load",
        builtin=False,
        files=f"{_AUDIO}.folder:files",
        blocks=f"{_AUDIO}.folder:listing",
        own=True,
    ),
)
