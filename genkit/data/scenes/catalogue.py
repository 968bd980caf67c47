"""The scenes by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DatasetEntry

_SCENES = "genkit.data.scenes"
_CONFIG = f"{_SCENES}.config"

ENTRIES = (
    DatasetEntry(
        name="multi_mnist",
        kind="scenes",
        summary="multi-MNIST: several of MNIST's digits on a canvas, any counts and sizes, with "
        "boxes, classes and counts; made from the files of mnist",
        licence="CC BY-SA 3.0, as commonly stated of MNIST",
        citation="Eslami, S. M. A. et al., 2016. Attend, Infer, Repeat: Fast Scene Understanding "
        "with Generative Models. arXiv:1603.08575",
        config=f"{_CONFIG}:MultiMnistConfig",
        source=f"{_SCENES}.digits:load_multi_mnist",
        builtin=False,
        files=f"{_SCENES}.digits:files",
        homepage="http://yann.lecun.com/exdb/mnist/",
        made_of=("mnist",),
    ),
    DatasetEntry(
        name="multi_digits",
        kind="scenes",
        summary="several of scikit-learn's digits, 8x8, on a canvas, with boxes, classes and "
        "counts",
        licence="CC BY 4.0",
        citation="Alpaydin, E. and Kaynak, C., 1998. Optical Recognition of Handwritten Digits. "
        "UCI Machine Learning Repository, DOI 10.24432/C50P49",
        config=f"{_CONFIG}:MultiDigitsConfig",
        source=f"{_SCENES}.digits:load_multi_digits",
    ),
    DatasetEntry(
        name="sprites",
        kind="scenes",
        summary="discs, squares and triangles in six colours on a canvas, with boxes, shapes and "
        "counts",
        licence="generated, none needed",
        citation="none",
        config=f"{_CONFIG}:SpritesConfig",
        source=f"{_SCENES}.sprites:load",
    ),
    DatasetEntry(
        name="solids",
        kind="scenes",
        summary="spheres, cubes and cylinders on a table, rendered in grey, with shapes, poses and "
        "the camera's turn",
        licence="generated, none needed",
        citation="none",
        config=f"{_CONFIG}:SolidsConfig",
        source=f"{_SCENES}.solids:load",
    ),
)
