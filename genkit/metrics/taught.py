"""Small networks taught by a number of labels: of vectors and of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from genkit.randomness import raw_bits

EPOCHS = 100
PATIENCE = 8
HELD_OUT = 0.1  # share of the labels that decides when to stop
BATCH = 64


def vector_network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Two hidden layers of 256."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Dense(256, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(classes),
        ]
    )


def pixel_network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Three convolutions of stride 2 and a hidden layer of 256."""
    layers = keras.layers
    maps = [layers.Conv2D(m, 3, strides=2, padding="same", activation="relu") for m in (32, 64, 64)]
    return keras.Sequential(
        [
            layers.Input(shape),
            *maps,
            layers.Flatten(),
            layers.Dropout(0.3, seed=0),
            layers.Dense(256, activation="relu"),
            layers.Dense(classes),
        ]
    )


def taught_accuracy(
    make: Callable[[], keras.Model],
    known: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    seed: int,
    purpose: str,
) -> float:
    """Accuracy on held-out items of a network that learns from known ones.

    A tenth of the known ones decides when to stop; the best weights by their loss are taken.

    Args:
        make: gives a network that gives logits. known, held_out: inputs `(n, ...)`, 10 known ones
            at least, and classes `(n,)`.
        seed, purpose: what weights and the order of batches are functions of.
    """
    # Keras draws weights and order from its own and NumPy's generators: 32 bits each.
    keras.utils.set_random_seed(int(raw_bits(seed, purpose, 0, 1)[0] % 2**32))
    network = make()
    network.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    inputs, labels = known
    size = min(BATCH, len(labels) // 10)
    settings: dict[str, Any] = {"batch_size": size, "epochs": EPOCHS, "callbacks": [stop]}
    network.fit(inputs, labels, validation_split=HELD_OUT, verbose=0, **settings)
    named = network.predict(held_out[0], batch_size=500, verbose=0).argmax(axis=-1)
    return float((named == held_out[1]).mean())
