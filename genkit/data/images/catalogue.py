"""The image data sets by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DataFile, DatasetEntry

_IMAGES = "genkit.data.images"
_CONFIG = f"{_IMAGES}.config"
_LAROCHELLE = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"
_MNIST = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)
_OMNIGLOT = "https://github.com/brendenlake/omniglot"
_CIFAR10 = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_BATCHES = tuple(f"train_data_batch_{number}.npz" for number in range(1, 11))

ENTRIES = (
    DatasetEntry(
        name="digits",
        kind="images",
        summary="scikit-learn's handwritten digits: 1,797 images 8x8, 17 grey levels, 10 classes",
        licence="CC BY 4.0",
        citation="Alpaydin, E. and Kaynak, C., 1998. Optical Recognition of Handwritten Digits. "
        "UCI Machine Learning Repository, DOI 10.24432/C50P49",
        config=f"{_CONFIG}:DigitsConfig",
        source=f"{_IMAGES}.digits:load",
    ),
    DatasetEntry(
        name="textures",
        kind="images",
        summary="generated striped textures, grey or colour, any size, 2 to 256 levels, 4 classes",
        licence="generated, none needed",
        citation="none",
        config=f"{_CONFIG}:TexturesConfig",
        source=f"{_IMAGES}.textures:load",
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
        source=f"{_IMAGES}.binarized_mnist:load",
        builtin=False,
        files=f"{_IMAGES}.binarized_mnist:files",
        originals=tuple(
            DataFile(
                f"binarized_mnist_{split}.amat",
                (f"{_LAROCHELLE}/binarized_mnist_{split}.amat",),
                f"sha256:{checksum}",
                size,
            )
            for split, checksum, size in (
                (
                    "train",
                    "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
                    78_400_000,
                ),
                (
                    "valid",
                    "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
                    15_680_000,
                ),
                (
                    "test",
                    "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
                    15_680_000,
                ),
            )
        ),
        homepage=_LAROCHELLE,
    ),
    DatasetEntry(
        name="mnist",
        kind="images",
        summary="handwritten digits: 60,000 + 10,000 images 28x28 grey, 10 classes",
        licence="CC BY-SA 3.0, as commonly stated",
        citation="LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P., 1998. Gradient-based "
        "learning applied to document recognition. Proceedings of the IEEE 86(11)",
        config=f"{_CONFIG}:MnistConfig",
        source=f"{_IMAGES}.mnist:load",
        builtin=False,
        files=f"{_IMAGES}.mnist:files",
        originals=tuple(
            DataFile(
                f"{name}.gz",
                tuple(f"{mirror}/{name}.gz" for mirror in _MNIST),
                f"sha256:{checksum}",
                size,
                content=content,
            )
            for name, size, checksum, content in (
                (
                    "train-images-idx3-ubyte",
                    9_912_422,
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                (
                    "train-labels-idx1-ubyte",
                    28_881,
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                (
                    "t10k-images-idx3-ubyte",
                    1_648_877,
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                (
                    "t10k-labels-idx1-ubyte",
                    4_542,
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            )
        ),
        homepage="http://yann.lecun.com/exdb/mnist/",
    ),
    DatasetEntry(
        name="cifar10",
        kind="images",
        summary="CIFAR-10: 50,000 + 10,000 images 32x32 colour, 10 classes; parts say so",
        licence="none stated",
        citation="Krizhevsky, A., 2009. Learning Multiple Layers of Features from Tiny Images",
        config=f"{_CONFIG}:Cifar10Config",
        source=f"{_IMAGES}.cifar10:load",
        builtin=False,
        files=f"{_IMAGES}.cifar10:files",
        originals=(
            DataFile(
                "cifar-10-binary.tar.gz",
                ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
                170_052_171,
                tuple(f"cifar-10-batches-bin/{name}" for name in _CIFAR10),
            ),
        ),
        whole=_CIFAR10,
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    *(
        DatasetEntry(
            name=f"imagenet{side}",
            kind="images",
            summary=f"downsampled ImageNet: 1,281,167 + 50,000 images {side}x{side} colour, "
            "1,000 classes",
            licence="ImageNet terms of access: non-commercial research, after registration",
            citation="Chrabaszcz, P., Loshchilov, I. and Hutter, F., 2017. A Downsampled Variant "
            "of ImageNet as an Alternative to the CIFAR Datasets. arXiv:1707.08819",
            config=f"{_CONFIG}:ImagenetConfig",
            source=f"{_IMAGES}.imagenet:load",
            builtin=False,
            files=f"{_IMAGES}.imagenet:files",
            blocks=f"{_IMAGES}.imagenet:splits",
            originals=tuple(
                DataFile(f"Imagenet{side}_{part}_npz.zip", contents=contents)
                for part, contents in parts
            ),
            homepage="https://image-net.org/download-images.php",
        )
        for side, parts in (
            (32, (("train", _BATCHES), ("val", ("val_data.npz",)))),
            (
                64,
                (
                    ("train_part1", _BATCHES[:5]),
                    ("train_part2", _BATCHES[5:]),
                    ("val", ("val_data.npz",)),
                ),
            ),
        )
    ),
    DatasetEntry(
        name="omniglot",
        kind="images",
        summary="handwritten characters of 50 alphabets, 20 drawings each, 105x105 or smaller",
        licence="MIT",
        citation="Lake, B. M., Salakhutdinov, R. and Tenenbaum, J. B., 2015. Human-level concept "
        "learning through probabilistic program induction. Science 350(6266)",
        config=f"{_CONFIG}:OmniglotConfig",
        source=f"{_IMAGES}.omniglot:load",
        builtin=False,
        files=f"{_IMAGES}.omniglot:files",
        originals=tuple(
            DataFile(
                f"images_{part}.zip",
                (f"{_OMNIGLOT}/raw/master/python/images_{part}.zip",),
                checksum,
            )
            for part, checksum in (
                ("background", "md5:68d2efa1b9178cc56df9314c21c6e718"),
                ("evaluation", "md5:6b91aef0f799c5bb55b94e3f2daec811"),
                (
                    "background_small1",
                    "sha256:f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
                ),
            )
        ),
        homepage=_OMNIGLOT,
    ),
    DatasetEntry(
        name="orl_faces",
        kind="images",
        summary="AT&T (ORL) faces: 40 people, 10 portraits each, 112x92 grey; only to test "
        "conditioning on a person",
        licence="free with credit to AT&T Laboratories Cambridge; photographs of real people",
        citation="Samaria, F. and Harter, A., 1994. Parameterisation of a stochastic model for "
        "human face identification. IEEE Workshop on Applications of Computer Vision",
        config=f"{_CONFIG}:OrlFacesConfig",
        source=f"{_IMAGES}.orl_faces:load",
        builtin=False,
        files=f"{_IMAGES}.orl_faces:files",
        homepage="https://cam-orl.co.uk/facedatabase.html",
    ),
    DatasetEntry(
        name="portraits",
        kind="images",
        summary="photographs of people, a folder each, such as ORL faces; split by person",
        licence="yours to know; for ORL faces that of orl_faces",
        citation="none; for ORL faces that of orl_faces",
        config=f"{_CONFIG}:PortraitsConfig",
        source=f"{_IMAGES}.portraits:load",
        builtin=False,
        files=f"{_IMAGES}.portraits:files",
        blocks=f"{_IMAGES}.portraits:splits",
        own=True,
    ),
    DatasetEntry(
        name="images",
        kind="images",
        summary="a folder of your own pictures, any format and size; classes by sub-folder",
        licence="yours to know",
        citation="none",
        config=f"{_CONFIG}:FolderConfig",
        source=f"{_IMAGES}.folder:load",
        builtin=False,
        files=f"{_IMAGES}.folder:files",
        blocks=f"{_IMAGES}.folder:splits",
        own=True,
    ),
    DatasetEntry(
        name="npz",
        kind="images",
        summary="an .npz of your own images, with labels or without",
        licence="yours to know",
        citation="none",
        config=f"{_CONFIG}:NpzConfig",
        source=f"{_IMAGES}.own_npz:load",
        builtin=False,
        files=f"{_IMAGES}.own_npz:files",
        own=True,
    ),
)
