"""The Video Pixel Network (Kalchbrenner et al., 2016, arXiv:1610.00527)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.layers.masked_square import MaskedConvolution
from genkit.layers.rematerialise import rematerialised
from genkit.layers.square import SquareConvolution
from genkit.models.vpn.blocks import ResidualBlock, dense
from genkit.models.vpn.lstm import ConvLSTM
from genkit.sampling.decoding import logits_type


@keras.saving.register_keras_serializable(package="genkit")
class VPN(keras.Model):
    """Density of the frames of a video given all frames before them.

    Args:
        sizes: the recipe's section but for what is not of the network: `width`, `encoder`,
            `dilations`, `decoder`, `dependent`, `first_kernel`, `kernel`, `block`, `lstm`,
            `lstm_layers`, `lstm_kernel`, `peepholes`, `entry`, `head`; see there.
        levels: values of a channel, 2 to 256; 2 for a sigmoid. channels: 1 or 3.
        conditions: width D of the vector of each frame, such as action and state, or 0.
        context: frames that are given before the first predicted one.
        rematerialise: compute the activations of blocks again in the backward pass.

    Input: values centred to [-1, 1], `(B, T, H, W, C)`, and vectors `(B, T, D)` or None; those of
    frame t steer the encoder of that frame and the decoder of the next one.
    Output: logits `(B, T - context, H, W, C, levels)` of the frames behind the context.
    """

    def __init__(
        self,
        *,
        sizes: dict[str, Any],
        levels: int,
        channels: int,
        conditions: int,
        context: int,
        rematerialise: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = dict(sizes)
        self.levels, self.channels, self.conditions = levels, channels, conditions
        self.context, self.rematerialise = context, rematerialise
        self.width, self.units = sizes["width"], sizes["lstm"]
        self.groups = channels if sizes["dependent"] else None
        self.every = sizes["entry"] == "every"
        self._same = {"dtype": self.dtype_policy}
        self._make_encoder()
        self._make_decoder()

    def _make_encoder(self) -> None:
        sizes, same = self.sizes, self._same
        self.enter = SquareConvolution(2 * self.width, sizes["kernel"], name="enter", **same)
        self.encoder = [
            ResidualBlock(
                self.width,
                sizes["block"],
                sizes["kernel"],
                dilation=sizes["dilations"][i % len(sizes["dilations"])],
                conditions=self.conditions,
                name=f"encoder_{i}",
                **same,
            )
            for i in range(sizes["encoder"])
        ]
        self.memory = [
            ConvLSTM(self.units, sizes["lstm_kernel"], sizes["peepholes"], name=f"lstm_{i}", **same)
            for i in range(sizes["lstm_layers"])
        ]

    def _make_decoder(self) -> None:
        sizes, same = self.sizes, self._same
        self.first: Any = None
        if self.groups is not None:
            self.first = MaskedConvolution(
                2 * self.width, sizes["first_kernel"], self.groups, "A", name="first", **same
            )
        self.entry = keras.layers.Dense(2 * self.width, name="entry", **same)
        self.blocks = [
            ResidualBlock(
                self.width,
                sizes["block"],
                sizes["kernel"],
                groups=self.groups,
                conditions=self.conditions,
                context=self.units if self.every else 0,
                name=f"decoder_{i}",
                **same,
            )
            for i in range(sizes["decoder"])
        ]
        self.hidden = dense(sizes["head"], self.groups, "hidden", **same)
        outputs = self.channels * (1 if self.levels == 2 else self.levels)
        self.logits_map = dense(outputs, self.groups, "logits", **same)

    def build(self, input_shape: Any, vector_shape: Any = None) -> None:
        _, _, height, width, channels = tuple(input_shape)
        image, maps = (None, height, width, channels), (None, height, width, 2 * self.width)
        states = (None, height, width, self.units)
        self.enter.build(image)
        for block in [*self.encoder, *self.blocks]:
            block.build(maps)
        inputs = 2 * self.width
        for layer in self.memory:
            layer.build((None, None, height, width, inputs))
            inputs = self.units
        if self.first is not None:
            self.first.build(image)
        self.entry.build(states)
        self.hidden.build(maps)
        self.logits_map.build((None, height, width, self.sizes["head"]))
        self.built = True

    def call(self, video: Any, vectors: Any = None, training: bool = False) -> Any:
        batch, count, *shape = (int(n) for n in video.shape)
        before, after = video[:, :-1], video[:, self.context :]
        vector = None if vectors is None else self._flat(vectors[:, :-1])
        maps = self.encode(self._flat(before), vector, training)
        maps = ops.reshape(maps, (batch, count - 1, *maps.shape[1:]))
        for layer in self.memory:
            maps = layer(maps)
        context = maps[:, self.context - 1 :]
        vector = None if vectors is None else self._flat(vectors[:, self.context - 1 : -1])
        logits = self.decode(self._flat(after), self._flat(context), vector, training)
        return ops.reshape(logits, (batch, count - self.context, *shape, self.levels))

    def encode(self, frames: Any, vector: Any = None, training: bool = False) -> Any:
        """Maps `(N, H, W, 2c)` of frames `(N, H, W, C)`, each by itself."""
        maps = self.enter(ops.cast(frames, self.compute_dtype))
        for block in self.encoder:
            maps = self._run(block, training)(maps, vector)
        return maps

    def decode(self, frames: Any, context: Any, vector: Any = None, training: bool = False) -> Any:
        """Logits `(N, H, W, C, levels)` of frames `(N, H, W, C)` given what came before.

        Args:
            context: `(N, H, W, lstm)`, the state behind the frames before. vector: `(N, D)`, of the
                frame before, or None.
        """
        maps = self.entry(context)
        if self.first is not None:
            maps = maps + self.first(ops.cast(frames, self.compute_dtype))
        given = context if self.every else None
        for block in self.blocks:
            maps = self._run(block, training)(maps, vector, given)
        return self.scores(self.logits_map(ops.relu(self.hidden(ops.relu(maps)))))

    def scores(self, maps: Any) -> Any:
        """Logits `(..., C, levels)`, at least float32, of the last maps; of two levels the second
        one's is what a sigmoid takes."""
        maps = ops.cast(maps, logits_type(self.compute_dtype))
        if self.levels == 2:
            return ops.stack([ops.zeros_like(maps), maps], axis=-1)
        return ops.reshape(maps, (*ops.shape(maps)[:-1], self.channels, self.levels))

    def _run(self, block: Any, training: bool) -> Any:
        return rematerialised(block) if self.rematerialise and training else block

    def _flat(self, array: Any) -> Any:
        """Batch and time as one axis."""
        return ops.reshape(array, (-1, *(int(n) for n in array.shape[2:])))

    def get_config(self) -> dict[str, Any]:
        own = {
            "sizes": self.sizes,
            "levels": self.levels,
            "channels": self.channels,
            "conditions": self.conditions,
            "context": self.context,
            "rematerialise": self.rematerialise,
        }
        return {**super().get_config(), **own}


def build_network(recipe: Any) -> VPN:
    """The built network of a recipe."""
    from genkit.learning import policy
    from genkit.models.vpn.config import condition_width, network_sizes

    config, data = recipe.model, recipe.data
    frames, height, width, channels = data.video_shape()
    network = VPN(
        sizes=network_sizes(config),
        levels=2 if config.output == "sigmoid" else data.level_count(),
        channels=channels,
        conditions=condition_width(recipe),
        context=config.context,
        rematerialise=recipe.train.rematerialise,
        dtype=policy(recipe.train),
        name="vpn",
    )
    network.build((None, frames, height, width, channels))
    return network
