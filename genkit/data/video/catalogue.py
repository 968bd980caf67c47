"""The video data sets by name. Light: `genkit list` imports this, so no NumPy and no Keras."""

from __future__ import annotations

from genkit.data.catalogue import DataFile, DatasetEntry

_VIDEO = "genkit.data.video"
_CONFIG = f"{_VIDEO}.config"
_MOVING_MNIST = "http://www.cs.toronto.edu/~nitish/unsupervised_video"
_PUSHING = "https://storage.googleapis.com/brain-robotics-data/push"
_PUSHING_FILES = tuple(
    f"{folder}/{folder}.tfrecord-{number:05d}-of-{count:05d}"
    for folder, count in (("push_train", 264), ("push_testseen", 5), ("push_testnovel", 5))
    for number in range(count)
)

ENTRIES = (
    DatasetEntry(
        name="moving_mnist",
        kind="videos",
        summary="Moving MNIST: two of MNIST's digits bounce in 64x64, 20 frames; generated, or the "
        "published 10,000 test clips",
        licence="CC BY-SA 3.0, as commonly stated of MNIST; none stated for the test clips",
        citation="Srivastava, N., Mansimov, E. and Salakhutdinov, R., 2015. Unsupervised Learning "
        "of Video Representations using LSTMs. arXiv:1502.04681",
        config=f"{_CONFIG}:MovingMnistConfig",
        source=f"{_VIDEO}.moving_mnist:load",
        builtin=False,
        files=f"{_VIDEO}.moving_mnist:files",
        originals=(
            DataFile(
                "mnist_test_seq.npy",
                (f"{_MOVING_MNIST}/mnist_test_seq.npy",),
                "sha256:c2a3e8d3939c001ab77bf543f130157424efa486bb4d0974d2cebb773b13f8b3",
                819_200_096,
            ),
        ),
        homepage=f"{_MOVING_MNIST}/",
        made_of=("mnist",),
    ),
    DatasetEntry(
        name="bouncing_digits",
        kind="videos",
        summary="scikit-learn's digits, 8x8, that bounce as in Moving MNIST; any frame, any length",
        licence="CC BY 4.0",
        citation="Alpaydin, E. and Kaynak, C., 1998. Optical Recognition of Handwritten Digits. "
        "UCI Machine Learning Repository, DOI 10.24432/C50P49",
        config=f"{_CONFIG}:BouncingDigitsConfig",
        source=f"{_VIDEO}.bouncing_digits:load",
    ),
    DatasetEntry(
        name="pushing_sim",
        kind="videos",
        summary="simulated pushing: an arm and objects on a table, with states and actions; novel "
        "objects for testing",
        licence="generated, none needed",
        citation="none",
        config=f"{_CONFIG}:PushingSimConfig",
        source=f"{_VIDEO}.pushing.clips:load",
    ),
    DatasetEntry(
        name="robot_pushing",
        kind="videos",
        summary="robot arms push objects: 54,432 + 2 x about 1,270 clips 640x512 colour, with "
        "states and actions; novel objects for testing",
        licence="CC BY 4.0, as commonly stated",
        citation="Finn, C., Goodfellow, I. and Levine, S., 2016. Unsupervised Learning for "
        "Physical Interaction through Video Prediction. arXiv:1605.07157",
        config=f"{_CONFIG}:RobotPushingConfig",
        source=f"{_VIDEO}.robot_pushing:load",
        builtin=False,
        files=f"{_VIDEO}.robot_pushing:files",
        blocks=f"{_VIDEO}.robot_pushing:blocks",
        originals=tuple(DataFile(name, (f"{_PUSHING}/{name}",)) for name in _PUSHING_FILES),
        file_count=len(_PUSHING_FILES),
        homepage="https://sites.google.com/site/brainrobotdata/home/push-dataset",
    ),
    DatasetEntry(
        name="videos",
        kind="videos",
        summary="videos of your own: GIF, WebP, MP4, folders of frames, or an npz",
        licence="yours to know",
        citation="none",
        config=f"{_CONFIG}:OwnVideosConfig",
        source=f"{_VIDEO}.own:load",
        builtin=False,
        files=f"{_VIDEO}.own:files",
        blocks=f"{_VIDEO}.own:blocks",
        own=True,
    ),
)
