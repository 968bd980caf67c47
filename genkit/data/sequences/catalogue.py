"""Tasks over time by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DatasetEntry

_CITATION = (
    "Jaderberg, M. et al., 2016. Decoupled Neural Interfaces using Synthetic Gradients. "
    "arXiv:1608.05343"
)

ENTRIES = (
    DatasetEntry(
        name="copy_task",
        kind="sequences",
        summary="symbols that are read and then said, once or several times",
        licence="generated, none needed",
        citation=_CITATION,
        config="genkit.data.sequences.config:CopyTaskConfig",
        source="genkit.data.sequences.copying:load",
    ),
    DatasetEntry(
        name="digit_stream",
        kind="sequences",
        summary="a stream of scikit-learn's digits: how many of the last are odd, how many threes",
        licence="CC BY 4.0",
        citation=_CITATION,
        config="genkit.data.sequences.config:DigitStreamConfig",
        source="genkit.data.sequences.streams:load_digits",
    ),
    DatasetEntry(
        name="mnist_stream",
        kind="sequences",
        summary="a stream of MNIST's digits: how many of the last are odd, how many threes; made "
        "from the files of mnist",
        licence="CC BY-SA 3.0, as commonly stated of MNIST",
        citation=_CITATION,
        config="genkit.data.sequences.config:MnistStreamConfig",
        source="genkit.data.sequences.streams:load_mnist",
        builtin=False,
        files="genkit.data.sequences.streams:files",
        homepage="http://yann.lecun.com/exdb/mnist/",
        made_of=("mnist",),
    ),
)
