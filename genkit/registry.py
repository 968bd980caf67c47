"""Families, data sets and environments by name.

Entries are light; what they name is imported when used.
"""

from __future__ import annotations

import importlib
from typing import Any, Generic, TypeVar

from genkit.data.audio.catalogue import ENTRIES as AUDIO
from genkit.data.catalogue import DatasetEntry
from genkit.data.images.catalogue import ENTRIES as IMAGES
from genkit.data.physics.catalogue import ENTRIES as PHYSICS
from genkit.data.points.catalogue import ENTRIES as POINTS
from genkit.data.scenes.catalogue import ENTRIES as SCENES
from genkit.data.sequences.catalogue import ENTRIES as SEQUENCES
from genkit.data.video.catalogue import ENTRIES as VIDEOS
from genkit.errors import UsageError, unknown
from genkit.family import Family, Paper
from genkit.models.agents import tiny as agents
from genkit.models.air import tiny as air
from genkit.models.gated_pixelcnn import tiny as gated_pixelcnn
from genkit.models.image_embedding import tiny as image_embedding
from genkit.models.interaction_network import tiny as interaction_network
from genkit.models.nav_a3c import tiny as nav_a3c
from genkit.models.phone_recogniser import tiny as phone_recogniser
from genkit.models.pixelrnn import tiny as pixelrnn
from genkit.models.speech_prosody import tiny as speech_prosody
from genkit.models.synthetic_gradients import tiny as synthetic_gradients
from genkit.models.unreal import tiny as unreal
from genkit.models.vpn import tiny as vpn
from genkit.models.wavenet import tiny as wavenet
from genkit.rl.environments.catalogue import ENTRIES as ENVIRONMENTS
from genkit.rl.environments.catalogue import EnvironmentEntry

Entry = TypeVar("Entry", Family, DatasetEntry, EnvironmentEntry)


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


families: Registry[Family] = Registry("family")
datasets: Registry[DatasetEntry] = Registry("data set")
environments: Registry[EnvironmentEntry] = Registry("environment")


def sources(family: str) -> Registry[DatasetEntry] | Registry[EnvironmentEntry]:
    """What the `data` section of a family's recipes names: data sets, or environments."""
    return environments if families.get(family).acts else datasets


WAVENET = Paper(
    title="WaveNet: A Generative Model for Raw Audio",
    authors="van den Oord, A. and Dieleman, S. and Zen, H. and Simonyan, K. and "
    "Vinyals, O. and Graves, A. and Kalchbrenner, N. and Senior, A. and "
    "Kavukcuoglu, K.",
    year=2016,
    arxiv="1609.03499",
)

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
        tiny=gated_pixelcnn.configurations(),
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
        tiny=pixelrnn.configurations(),
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
        tiny=vpn.configurations(),
    )
)

families.add(
    Family(
        name="speech_durations",
        summary="how long the phones of a text last, for a WaveNet that speaks",
        papers=(WAVENET,),
        config="genkit.models.speech_prosody.config:DurationConfig",
        learner="genkit.models.speech_prosody.durations:DurationLearner",
        outlook="genkit.models.speech_prosody.config:duration_outlook",
        tiny=speech_prosody.duration_configurations(),
    )
)
families.add(
    Family(
        name="speech_pitch",
        summary="how the pitch of a text moves, for a WaveNet that speaks",
        papers=(WAVENET,),
        config="genkit.models.speech_prosody.config:PitchConfig",
        learner="genkit.models.speech_prosody.pitches:PitchLearner",
        outlook="genkit.models.speech_prosody.config:pitch_outlook",
        tiny=speech_prosody.pitch_configurations(),
    )
)
families.add(
    Family(
        name="speech_envelope",
        summary="which spectral envelope each frame of a text has, for a WaveNet that speaks",
        papers=(WAVENET,),
        config="genkit.models.speech_prosody.config:EnvelopeConfig",
        learner="genkit.models.speech_prosody.envelopes:EnvelopeLearner",
        outlook="genkit.models.speech_prosody.config:envelope_outlook",
        tiny=speech_prosody.envelope_configurations(),
    )
)
families.add(
    Family(
        name="phone_recogniser",
        summary="WaveNet as a recogniser: phones of frames from raw audio, as TextGrid and CTM",
        papers=(WAVENET,),
        config="genkit.models.phone_recogniser.config:PhoneRecogniserConfig",
        learner="genkit.models.phone_recogniser.learner:PhoneRecogniserLearner",
        outlook="genkit.models.phone_recogniser.config:outlook",
        tiny=phone_recogniser.configurations(),
    )
)
families.add(
    Family(
        name="wavenet",
        summary="WaveNet: raw audio sample by sample, by speaker or tags, with context stacks",
        papers=(WAVENET,),
        config="genkit.models.wavenet.config:WaveNetConfig",
        learner="genkit.models.wavenet.learner:WaveNetLearner",
        outlook="genkit.models.wavenet.config:outlook",
        autoregressive=True,
        tiny=wavenet.configurations(),
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
        tiny=image_embedding.configurations(),
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
        tiny=interaction_network.configurations(),
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
        tiny=air.configurations(),
    )
)

families.add(
    Family(
        name="synthetic_gradients",
        summary="Synthetic gradients: networks cut apart that learn without waiting for the error",
        papers=(
            Paper(
                title="Understanding Synthetic Gradients and Decoupled Neural Interfaces",
                authors="Czarnecki, W. M. and Swirszcz, G. and Jaderberg, M. and Osindero, S. and "
                "Vinyals, O. and Kavukcuoglu, K.",
                year=2017,
                arxiv="1703.00522",
            ),
            Paper(
                title="Decoupled Neural Interfaces using Synthetic Gradients",
                authors="Jaderberg, M. and Czarnecki, W. M. and Osindero, S. and Vinyals, O. and "
                "Graves, A. and Silver, D. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1608.05343",
            ),
        ),
        config="genkit.models.synthetic_gradients.config:SyntheticGradientsConfig",
        learner="genkit.models.synthetic_gradients.making:make_learner",
        outlook="genkit.models.synthetic_gradients.config:outlook",
        tiny=synthetic_gradients.configurations(),
    )
)

families.add(
    Family(
        name="agents",
        summary="Actor-critic agents, feed-forward and recurrent, that learn by what they do",
        papers=(
            Paper(
                title="Asynchronous Methods for Deep Reinforcement Learning",
                authors="Mnih, V. and Badia, A. P. and Mirza, M. and Graves, A. and "
                "Lillicrap, T. P. and Harley, T. and Silver, D. and Kavukcuoglu, K.",
                year=2016,
                arxiv="1602.01783",
            ),
            Paper(
                title="IMPALA: Scalable Distributed Deep-RL with Importance Weighted "
                "Actor-Learner Architectures",
                authors="Espeholt, L. and Soyer, H. and Munos, R. and Simonyan, K. and Mnih, V. "
                "and Ward, T. and Doron, Y. and Firoiu, V. and Harley, T. and Dunning, I. and "
                "Legg, S. and Kavukcuoglu, K.",
                year=2018,
                arxiv="1802.01561",
            ),
        ),
        config="genkit.models.agents.config:AgentsConfig",
        learner="genkit.models.agents.learner:AgentLearner",
        outlook="genkit.models.agents.config:outlook",
        acts=True,
        tiny=agents.configurations(),
    )
)

families.add(
    Family(
        name="unreal",
        summary="UNREAL: agents that also learn to change, to foretell and to recall what they see",
        papers=(
            Paper(
                title="Reinforcement Learning with Unsupervised Auxiliary Tasks",
                authors="Jaderberg, M. and Mnih, V. and Czarnecki, W. M. and Schaul, T. and "
                "Leibo, J. Z. and Silver, D. and Kavukcuoglu, K.",
                year=2017,
                arxiv="1611.05397",
            ),
        ),
        config="genkit.models.unreal.config:UnrealConfig",
        learner="genkit.models.unreal.learner:UnrealLearner",
        outlook="genkit.models.agents.config:outlook",
        acts=True,
        tiny=unreal.configurations(),
    )
)

families.add(
    Family(
        name="nav_a3c",
        summary="Nav A3C: agents that find their way in mazes, and tell depth, loops and places",
        papers=(
            Paper(
                title="Learning to Navigate in Complex Environments",
                authors="Mirowski, P. and Pascanu, R. and Viola, F. and Soyer, H. and "
                "Ballard, A. J. and Banino, A. and Denil, M. and Goroshin, R. and Sifre, L. and "
                "Kavukcuoglu, K. and Kumaran, D. and Hadsell, R.",
                year=2017,
                arxiv="1611.03673",
            ),
        ),
        config="genkit.models.nav_a3c.config:NavA3CConfig",
        learner="genkit.models.nav_a3c.learner:NavA3CLearner",
        outlook="genkit.models.agents.config:outlook",
        acts=True,
        tiny=nav_a3c.configurations(),
    )
)

for _entry in (*IMAGES, *AUDIO, *VIDEOS, *SCENES, *PHYSICS, *POINTS, *SEQUENCES):
    datasets.add(_entry)

for _environment in ENVIRONMENTS:
    environments.add(_environment)
