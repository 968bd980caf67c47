"""Families and data sets by name. Entries are light; what they name is imported when used."""

from __future__ import annotations

import importlib
from typing import Any, Generic, TypeVar

from genkit.data.audio.catalogue import ENTRIES as AUDIO
from genkit.data.catalogue import DatasetEntry
from genkit.data.images.catalogue import ENTRIES as IMAGES
from genkit.data.physics.catalogue import ENTRIES as PHYSICS
from genkit.data.scenes.catalogue import ENTRIES as SCENES
from genkit.data.video.catalogue import ENTRIES as VIDEOS
from genkit.errors import UsageError, unknown
from genkit.family import Family, Paper

Entry = TypeVar("Entry", Family, DatasetEntry)


def resolve(target: str) -> Any:
    """The object that `module:name` names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


class Registry(Generic[Entry]):
    """Entries by name, with an error that names the nearest one."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        if entry.name in self._entries:
            raise ValueError(f"{self.kind} '{entry.name}' is registered already")
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        del self._entries[name]

    def names(self) -> list[str]:
        return sorted(self._entries)

    def get(self, name: str) -> Entry:
        if name not in self._entries:
            raise UsageError(unknown(self.kind, name, self._entries))
        return self._entries[name]


def _wavenet_tiny() -> dict[str, Any]:
    """Strings of a twentieth of a second; every condition that a WaveNet can have."""
    sound = {
        "name": "strings",
        "sample_rate": 1_000,
        "seconds": 0.05,
        "crop": 24,
        "train_count": 16,
        "validation_count": 4,
        "test_count": 4,
    }
    small = {"levels": 16, "residual": 4, "skip": 6, "head": 6, "cycles": 1, "cycle": 3}
    context = {"pool": 4, "cycles": 1, "cycle": 2, "residual": 3, "skip": 4, "outputs": 2}
    local = {"bands": 4, "strides": [2, 3], "channels": 3, "halo": 1}
    return {
        "plain": {"model": small, "data": sound},
        "tags": {"model": {**small, "kernel": 3, "condition": ["tags"]}, "data": sound},
        "context": {
            "model": {**small, "condition": ["tags"], "context": [context]},
            "data": sound,
        },
        "local": {"model": {**small, "local": local}, "data": sound},
    }


def _pixelrnn_tiny() -> dict[str, Any]:
    """Each kind of layer, grey and in colour, with and without its connections."""
    small = {"layers": 2, "width": 4, "first_kernel": 3, "head": 6}
    split = {"train_count": 32, "test_count": 8}
    grey = {"name": "textures", "size": 6, "levels": 4, **split}
    colour = {"name": "textures", "size": 4, "levels": 3, "channels": 3, **split}
    found: dict[str, Any] = {}
    for kind in ("pixelcnn", "row", "diagonal"):
        found[f"{kind}-grey"] = {"model": {"kind": kind, **small}, "data": grey}
        found[f"{kind}-colour"] = {"model": {"kind": kind, **small, "width": 5}, "data": colour}
    bare = {"kernel": 5, "state_kernel": 5, "residual": False, "skip": False, "head_layers": 1}
    found["row-bare"] = {"model": {"kind": "row", **small, **bare}, "data": grey}
    found["pixelcnn-wide"] = {
        "model": {"kind": "pixelcnn", **small, "kernel": 5},
        "data": {**grey, "levels": 2},
    }
    scales = {"factor": 2, "maps": 3, "layers": 1, "width": 4}
    for kind, data in (("row", grey), ("diagonal", colour), ("pixelcnn", grey)):
        model = {"kind": kind, **small, "layers": 1, "multiscale": scales}
        found[f"{kind}-multiscale"] = {"model": model, "data": {**data, "size": 4}}
    return found


def _gated_pixelcnn_tiny() -> dict[str, Any]:
    """Grey and colour, with and without conditions of every kind."""
    split = {"train_count": 32, "test_count": 8}
    small = {"layers": 2, "width": 4, "first_kernel": 3, "kernel": 3, "head": 6}
    code = {"bottleneck": 3, "widths": [4, 5], "dense": 6}
    wide = {"layers": 3, "width": 8, "first_kernel": 5, "kernel": 5, "head": 10}
    return {
        "grey": {
            "model": {"layers": 3, "width": 6, "first_kernel": 5, "kernel": 3, "head": 8},
            "data": {"name": "textures", "size": 6, "levels": 5, **split},
        },
        "binary-conditional": {
            "model": {**small, "condition": "class"},
            "data": {"name": "textures", "size": 5, "levels": 2, **split},
        },
        "colour": {
            "model": {**small, "width": 7, "head": 8},
            "data": {"name": "textures", "size": 4, "levels": 4, "channels": 3, **split},
        },
        "colour-conditional": {
            "model": {**wide, "condition": "class"},
            "data": {"name": "textures", "size": 5, "levels": 3, "channels": 3, **split},
        },
        "autoencoder": {
            "model": {**small, "autoencoder": code},
            "data": {"name": "textures", "size": 5, "levels": 3, **split},
        },
        "colour-spatial": {
            "model": {
                **small,
                "condition": "class",
                "spatial": {"maps": 3, "factor": 2},
                "autoencoder": code,
            },
            "data": {"name": "textures", "size": 4, "levels": 3, "channels": 3, **split},
        },
    }


def _vpn_tiny() -> dict[str, Any]:
    """Grey and colour, with and without conditions and dependence."""
    grey = {
        "name": "bouncing_digits",
        "size": 6,
        "digit_size": 4,
        "frames": 4,
        "validation_count": 4,
        "test_count": 6,
    }
    pushing = {
        "name": "pushing_sim",
        "size": 8,
        "frames": 4,
        "levels": 4,
        "objects": 1,
        "validation_count": 4,
        "test_count": 4,
    }
    small = {
        "context": 2,
        "width": 4,
        "encoder": 2,
        "dilations": [1, 2],
        "decoder": 1,
        "first_kernel": 3,
        "lstm": 3,
        "head": 5,
    }
    steered = {"condition": ["state", "action"], "context_condition": ["state"]}
    return {
        "grey": {"model": {**small, "output": "sigmoid"}, "data": grey},
        "softmax": {
            "model": {**small, "block": "relu", "entry": "every", "peepholes": True},
            "data": {**grey, "levels": 4},
        },
        "pushing": {"model": {**small, **steered, "entry": "every"}, "data": pushing},
    }


def _image_embedding_tiny() -> dict[str, Any]:
    """Each mining; the classes of built-in data play the people."""
    small = {"dimensions": 4, "widths": [4, 6], "dense": 8}
    grey = {"name": "textures", "size": 6, "levels": 4, "train_count": 32, "test_count": 8}
    colour = {**grey, "size": 5, "channels": 3}
    batch = {"people": 3, "photographs": 2}
    train = {"batch_size": 6}
    return {
        "grey": {"model": {**small, **batch, "shift": 1}, "data": grey, "train": train},
        "colour": {
            "model": {**small, **batch, "mining": "hard", "dropout": 0.2},
            "data": colour,
            "train": train,
        },
        "digits": {
            "model": {**small, "people": 4, "photographs": 2, "mining": "all"},
            "data": {"name": "digits"},
            "train": {"batch_size": 8},
        },
    }


def _air_tiny() -> dict[str, Any]:
    """Each variant and estimator; scenes and plain images, grey and in colour."""
    scenes = {
        "name": "multi_digits",
        "size": 16,
        "sides": [6, 8],
        "validation_count": 6,
        "test_count": 9,
    }
    small = {
        "slots": 2,
        "predict": [5],
        "image": [12],
        "lstm": 8,
        "hidden": 6,
        "what": 3,
        "window": 6,
        "zoom": 2.0,
    }
    sprites = {**scenes, "name": "sprites", "sides": [4, 6], "counts": [0, 2]}
    textures = {"name": "textures", "size": 8, "levels": 4, "train_count": 16, "test_count": 8}
    short = {"batch_size": 6}
    fast = {"batch_size": 5, "importance": 3}
    return {
        "concrete": {"model": small, "data": scenes, "train": short, "eval": fast},
        "nvil": {
            "model": {**small, "estimator": "nvil", "baseline": 5, "baseline_hidden": 4},
            "data": scenes,
            "train": short,
            "eval": fast,
        },
        "dair-colour": {
            "model": {**small, "variant": "dair", "presence": {"name": "learned"}},
            "data": sprites,
            "train": short,
            "eval": fast,
        },
        "solids": {
            "model": {
                "slots": 2,
                "maps": [4],
                "image": [8],
                "lstm": 6,
                "noise": 0.1,
                "renderer": {"particles": 3, "camera": True},
            },
            "data": {
                "name": "solids",
                "size": 10,
                "samples": 1,
                "counts": [1, 2],
                "turn": 20.0,
                "validation_count": 6,
                "test_count": 8,
            },
            "train": short,
            "eval": fast,
        },
        "images": {
            "model": {**small, "image": [], "presence": {"name": "geometric"}},
            "data": textures,
            "train": short,
            "eval": fast,
        },
    }


def _interaction_network_tiny() -> dict[str, Any]:
    """Each kind of scene, model and task."""
    few = {"steps": 12, "train_count": 4, "validation_count": 3, "test_count": 3}
    small = {"relation": [6, 5], "effect": 4, "object": [6], "abstract": [4], "mlp": [8]}
    short = {"batch_size": 8}
    bodies = {"name": "nbody", "bodies": 3, **few}
    balls = {"name": "balls", "balls": 2, "other_counts": [3], "other_scenes": 2, **few}
    string = {"name": "string", "masses": 3, "other_pins": ["both"], **few}
    return {
        "nbody": {"model": small, "data": bodies, "train": short},
        "balls": {
            "model": {**small, "noise": {"share": 0.5}, "effect_l2": 1e-3, "weight_l2": 1e-4},
            "data": balls,
            "train": short,
        },
        "string": {
            "model": {**small, "marshal": "concatenation", "predict": "velocity"},
            "data": string,
            "train": short,
        },
        "dynamics": {"model": {**small, "kind": "dynamics"}, "data": bodies, "train": short},
        "mlp": {"model": {**small, "kind": "mlp"}, "data": string, "train": short},
        "energy": {"model": {**small, "task": "energy"}, "data": string, "train": short},
    }


families: Registry[Family] = Registry("family")
datasets: Registry[DatasetEntry] = Registry("data set")

families.add(
    Family(
        name="gated_pixelcnn",
        summary="Gated PixelCNN: images pixel by pixel, unconditional or steered; auto-encoders",
        papers=(
            Paper(
                title="Conditional Image Generation with PixelCNN Decoders",
                authors="van den Oord, A. and Kalchbrenner, N. and Vinyals, O. and Espeholt, L. "
                "and Graves, A. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1606.05328",
            ),
        ),
        config="genkit.models.gated_pixelcnn.config:GatedPixelCNNConfig",
        learner="genkit.models.gated_pixelcnn.learner:make_learner",
        outlook="genkit.models.gated_pixelcnn.config:outlook",
        autoregressive=True,
        tiny=_gated_pixelcnn_tiny(),
    )
)

families.add(
    Family(
        name="pixelrnn",
        summary="PixelRNN: images pixel by pixel with Row LSTM, Diagonal BiLSTM or PixelCNN",
        papers=(
            Paper(
                title="Pixel Recurrent Neural Networks",
                authors="van den Oord, A. and Kalchbrenner, N. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1601.06759",
            ),
        ),
        config="genkit.models.pixelrnn.config:PixelRNNConfig",
        learner="genkit.models.pixelrnn.learner:make_learner",
        outlook="genkit.models.pixelrnn.config:outlook",
        autoregressive=True,
        tiny=_pixelrnn_tiny(),
    )
)

families.add(
    Family(
        name="vpn",
        summary="Video Pixel Networks: what comes next in a video, under actions",
        papers=(
            Paper(
                title="Video Pixel Networks",
                authors="Kalchbrenner, N. and van den Oord, A. and Simonyan, K. and Danihelka, I. "
                "and Vinyals, O. and Graves, A. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1610.00527",
            ),
        ),
        config="genkit.models.vpn.config:VPNConfig",
        learner="genkit.models.vpn.learner:VPNLearner",
        outlook="genkit.models.vpn.config:outlook",
        autoregressive=True,
        tiny=_vpn_tiny(),
    )
)

families.add(
    Family(
        name="wavenet",
        summary="WaveNet: raw audio sample by sample, by speaker or tags, with context stacks",
        papers=(
            Paper(
                title="WaveNet: A Generative Model for Raw Audio",
                authors="van den Oord, A. and Dieleman, S. and Zen, H. and Simonyan, K. and "
                "Vinyals, O. and Graves, A. and Kalchbrenner, N. and Senior, A. and "
                "Kavukcuoglu, K.",
                year=2016,
                arxiv="1609.03499",
            ),
        ),
        config="genkit.models.wavenet.config:WaveNetConfig",
        learner="genkit.models.wavenet.learner:WaveNetLearner",
        outlook="genkit.models.wavenet.config:outlook",
        autoregressive=True,
        tiny=_wavenet_tiny(),
    )
)

families.add(
    Family(
        name="image_embedding",
        summary="Image embedding: faces to unit vectors by a triplet loss, to steer portraits",
        papers=(
            Paper(
                title="FaceNet: A Unified Embedding for Face Recognition and Clustering",
                authors="Schroff, F. and Kalenichenko, D. and Philbin, J.",
                year=2015,
                arxiv="1503.03832",
            ),
            Paper(
                title="Conditional Image Generation with PixelCNN Decoders",
                authors="van den Oord, A. and Kalchbrenner, N. and Vinyals, O. and Espeholt, L. "
                "and Graves, A. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1606.05328",
            ),
        ),
        config="genkit.models.image_embedding.config:ImageEmbeddingConfig",
        learner="genkit.models.image_embedding.learner:ImageEmbeddingLearner",
        outlook="genkit.models.image_embedding.config:outlook",
        tiny=_image_embedding_tiny(),
    )
)

families.add(
    Family(
        name="interaction_network",
        summary="Interaction Networks: physics learned from objects and relations, rolled out",
        papers=(
            Paper(
                title="Interaction Networks for Learning about Objects, Relations and Physics",
                authors="Battaglia, P. W. and Pascanu, R. and Lai, M. and Rezende, D. and "
                "Kavukcuoglu, K.",
                year=2016,
                arxiv="1612.00222",
            ),
        ),
        config="genkit.models.interaction_network.config:InteractionNetworkConfig",
        learner="genkit.models.interaction_network.learner:InteractionNetworkLearner",
        outlook="genkit.models.interaction_network.config:outlook",
        tiny=_interaction_network_tiny(),
    )
)

families.add(
    Family(
        name="air",
        summary="Attend, Infer, Repeat: scenes taken apart into things: counted, placed, drawn",
        papers=(
            Paper(
                title="Attend, Infer, Repeat: Fast Scene Understanding with Generative Models",
                authors="Eslami, S. M. A. and Heess, N. and Weber, T. and Tassa, Y. and "
                "Szepesvari, D. and Kavukcuoglu, K. and Hinton, G. E.",
                year=2016,
                arxiv="1603.08575",
            ),
        ),
        config="genkit.models.air.config:AirConfig",
        learner="genkit.models.air.learner:make_learner",
        outlook="genkit.models.air.config:outlook",
        tiny=_air_tiny(),
    )
)

for _entry in (*IMAGES, *AUDIO, *VIDEOS, *SCENES, *PHYSICS):
    datasets.add(_entry)
