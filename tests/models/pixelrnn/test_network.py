"""PixelRNN as a network: shapes, connections, what steers it, configuration, memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.weights import randomise
from genkit.layers.rematerialise import rematerialised
from genkit.models.pixelrnn import network as module
from genkit.models.pixelrnn.network import PixelRNN
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
SHAPE = (3, 4)  # rows and columns
CLOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-6}
KINDS = ("pixelcnn", "row", "diagonal")
each_kind = pytest.mark.parametrize("kind", KINDS)


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape)


def images(network: PixelRNN, count: int = 2) -> np.ndarray:
    return numbers("x", count, *SHAPE, network.channels)


def built(kind: str, **settings: Any) -> PixelRNN:
    """A network of two layers with random weights."""
    sizes: dict[str, Any] = {
        "layers": 2,
        "width": 4,
        "first_kernel": 3,
        "kernel": 3,
        "state_kernel": 3,
        "head": 5,
        "head_layers": 2,
        "residual": True,
        "skip": True,
        "levels": 3,
        "channels": 1,
        "name": "pixelrnn",
        **settings,
    }
    network = PixelRNN(kind=kind, **sizes)
    network.build((None, *SHAPE, network.channels))
    randomise(network.variables, 0)
    return network


def run(network: PixelRNN, *given: np.ndarray) -> Any:
    return backend.compile(network, network.variables)(*given)


@pytest.mark.parametrize(
    ("kind", "channels", "levels"), [("pixelcnn", 1, 256), ("row", 1, 2), ("diagonal", 3, 17)]
)
def test_logits_of_every_value(kind: str, channels: int, levels: int) -> None:
    network = built(kind, channels=channels, levels=levels)
    logits = array(run(network, images(network)))
    assert logits.shape == (2, *SHAPE, channels, levels)
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=-1).min() > 1e-3


@pytest.mark.parametrize("kind", ["row", "diagonal"])
def test_logits_are_wide_whatever_the_maps_are_rounded_to(kind: str) -> None:
    wide = built(kind)
    network = built(kind, dtype="mixed_bfloat16")
    x = images(network)
    logits = array(run(network, x))
    assert logits.dtype == np.float32
    wanted = array(run(wide, x))
    assert 0 < np.abs(logits - wanted).max() < 0.05 * np.abs(wanted).max()


@pytest.mark.parametrize(("channels", "head_layers"), [(1, 1), (3, 2)])
def test_the_head_is_relus_and_products(channels: int, head_layers: int) -> None:
    """Each product reads what is positive; levels of a colour lie side by side."""
    network = built("row", channels=channels, head_layers=head_layers)
    maps = numbers("maps", 2, *SHAPE, 8)
    found = array(backend.compile(network.head, network.variables)(maps))
    layers = [*network.hidden, network.logits_map]
    assert len(layers) == head_layers + 1
    for layer in layers:
        maps = np.maximum(maps, 0.0) @ array(layer.masked_kernel()) + array(layer.bias.value)
    np.testing.assert_allclose(found, maps.reshape(2, *SHAPE, channels, 3), rtol=1e-4, atol=1e-5)


def test_the_layer_of_a_pixelcnn_has_three_relus() -> None:
    """2h maps, ReLU, 1x1 to h, ReLU, n x n, ReLU (figure 5, on the left)."""
    block, maps = built("pixelcnn", channels=3).blocks[0], numbers("maps", 2, *SHAPE, 8)

    def both(maps: Any) -> Any:
        positive = ops.maximum(maps, 0.0)
        narrow = ops.matmul(positive, block.reduce.masked_kernel()) + block.reduce.bias.value
        return block.core(maps, None), block.convolution(ops.maximum(narrow, 0.0))

    found, wanted = (array(part) for part in backend.compile(both, block.variables)(maps))
    np.testing.assert_allclose(found, np.maximum(wanted, 0.0), **CLOSE)


# Connections


@pytest.mark.parametrize(
    ("kind", "residual", "skip"),
    [("pixelcnn", True, True), ("row", True, False), ("diagonal", False, True)],
)
def test_connections_of_a_block(kind: str, residual: bool, skip: bool) -> None:
    """From h maps of the layer to 2h more; the skip maps do not hold the input."""
    network = built(kind, residual=residual, skip=skip)
    block = network.blocks[1]
    maps = numbers("maps", 2, *SHAPE, 8)

    def whole(maps: Any) -> Any:
        out, past = block(maps)
        return [out, block.output_map(block.core(maps, None))] + ([past] if skip else [])

    out, own, *past = (array(part) for part in backend.compile(whole, block.variables)(maps))
    assert own.shape == (2, *SHAPE, 16 if skip else 8)
    np.testing.assert_allclose(out, own[..., :8] + maps * residual, **CLOSE)
    for skipped in past:
        np.testing.assert_array_equal(skipped, own[..., 8:])


def test_dropped_maps_are_those_of_each_layer() -> None:
    """Factors of an image and a map, the same at all places; without any, nothing is dropped."""
    network = built("row")
    see = backend.compile(lambda x, kept: network(x, kept=kept), network.variables)
    x, kept = images(network), np.ones((2, 2, 4), np.float32)
    plain = array(run(network, x))
    np.testing.assert_allclose(array(see(x, kept)), plain, **CLOSE)
    kept[1, 0] = [0.0, 2.0, 0.0, 2.0]
    found = array(see(x, kept))
    np.testing.assert_allclose(found[0], plain[0], **CLOSE)
    assert (np.abs(found[1] - plain[1]).max(axis=(-2, -1)) > 1e-4).all()
    kernel = network.blocks[0].output_map.kernel
    kernel.assign(array(kernel.value) * kept[1, 0][:, None])
    np.testing.assert_allclose(array(run(network, x))[1], found[1], **CLOSE)


def test_skip_maps_go_past_all_later_blocks_to_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them is more before the head, by just that much."""
    network = built("row")
    monkeypatch.setattr(network, "head", lambda maps: maps)
    see = backend.compile(network, network.variables)
    x, more = images(network), numbers("more", 8)
    before = array(see(x))
    for block in network.blocks:
        bias = array(block.output_map.bias.value)
        block.output_map.bias.assign(np.concatenate([bias[:8], bias[8:] + more]))
        np.testing.assert_allclose(array(see(x)) - before, 0 * before + more, rtol=1e-4, atol=1e-5)
        block.output_map.bias.assign(bias)
    # The other half goes through the second block, and counts by itself behind it.
    first, last = network.blocks
    for block, exact in ((first, False), (last, True)):
        bias = array(block.output_map.bias.value)
        block.output_map.bias.assign(np.concatenate([bias[:8] + more, bias[8:]]))
        assert np.allclose(array(see(x)) - before, more, rtol=1e-4, atol=1e-5) == exact
        block.output_map.bias.assign(bias)


@pytest.mark.parametrize(
    ("residual", "skip", "without_last", "without_all"),
    [
        (True, True, True, True),
        (True, False, True, True),
        (False, True, True, False),
        (False, False, False, False),
    ],
)
def test_what_reaches_the_head_without_blocks(
    residual: bool, skip: bool, without_last: bool, without_all: bool
) -> None:
    """Whether logits still depend on the image when the way back from blocks is cut."""
    network = built("pixelcnn", residual=residual, skip=skip)
    see = backend.compile(network, network.variables)
    x = images(network)

    def depends() -> bool:
        return not np.array_equal(array(see(x)), array(see(x + 1.0)))

    assert depends()
    for blocks, wanted in ((network.blocks[1:], without_last), (network.blocks, without_all)):
        for block in blocks:
            for variable in block.output_map.variables:
                variable.assign(np.zeros(tuple(variable.shape)))
        assert depends() == wanted


@each_kind
def test_a_picture_steers_every_layer(kind: str) -> None:
    """Where it changes, and nowhere before."""
    network = built(kind, given=2)
    see = backend.compile(network, network.variables)
    x, picture = images(network), numbers("picture", 2, *SHAPE, 2)
    other = picture.copy()
    other[:, 1, 2] += 1.0

    def changed() -> np.ndarray:
        logits = [array(see(x, one)) for one in (picture, other)]
        return np.asarray(np.any(logits[0] != logits[1], axis=(0, -2, -1)))

    kernels = [block.condition.kernel for block in network.blocks]
    values = [array(kernel.value) for kernel in kernels]
    for kernel in kernels:
        kernel.assign(0 * array(kernel.value))
    assert not changed().any()
    for kernel, value in zip(kernels, values, strict=True):
        kernel.assign(value)
        found = changed()
        kernel.assign(0 * value)
        assert found[1, 2]
        assert not found[0].any()
        assert not found[1, :2].any()


# Configuration

CONFIGURED: dict[str, Callable[[], PixelRNN]] = {
    "pixelcnn": lambda: built("pixelcnn", kernel=5, channels=3, skip=False),
    "row": lambda: built("row", state_kernel=5, head_layers=1, residual=False, given=2),
}
each_configuration = pytest.mark.parametrize("make", CONFIGURED.values(), ids=CONFIGURED)


@each_configuration
def test_a_network_comes_back_from_its_configuration(make: Callable[[], PixelRNN]) -> None:
    network = make()
    again = PixelRNN.from_config(network.get_config())
    assert again.get_config() == network.get_config()
    again.build((None, *SHAPE, network.channels))
    for mine, theirs in zip(again.variables, network.variables, strict=True):
        assert (mine.path, mine.shape) == (theirs.path, theirs.shape)
        mine.assign(theirs.value)
    given = [images(network)]
    if network.given is not None:
        given.append(numbers("picture", 2, *SHAPE, network.given))
    np.testing.assert_array_equal(array(run(again, *given)), array(run(network, *given)))


def test_it_is_an_ordinary_keras_model(tmp_path: Path) -> None:
    network = built("diagonal", channels=3, rematerialise=True)
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    assert f"{network.count_params():,}" in "\n".join(lines)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(again, PixelRNN)
    assert again.rematerialise
    x = images(network)
    np.testing.assert_array_equal(array(run(again, x)), array(run(network, x)))


# Memory


@pytest.mark.parametrize("kind", ["row", "diagonal"])
def test_activations_computed_again_give_the_same_gradients(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = built(kind)
    x, mix = images(network), numbers("mix", 2, *SHAPE, 1, 3)
    again = []

    def counted(block: Any) -> Any:
        again.append(block)
        return rematerialised(block)

    monkeypatch.setattr(module, "rematerialised", counted)

    def slopes(x: Any) -> Any:
        def loss() -> tuple[Any, Any]:
            return ops.sum(network(x, training=True) * mix), ()

        found = []
        for network.rematerialise in (False, True):
            found.append(backend.gradients(loss, network.trainable_variables)[1])
            assert again == (network.blocks if network.rematerialise else [])
        network(x)  # no gradient, nothing to keep
        assert again == network.blocks
        return found

    plain, recomputed = backend.compile(slopes, network.variables)(x)
    for variable, mine, theirs in zip(network.trainable_variables, recomputed, plain, strict=True):
        np.testing.assert_allclose(array(mine), array(theirs), err_msg=variable.path, **CLOSE)
        assert array(theirs).any(), variable.path
