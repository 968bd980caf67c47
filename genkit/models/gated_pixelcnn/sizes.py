"""Parameters of what steers a Gated PixelCNN, in closed form. Light: no Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, prod
from typing import TYPE_CHECKING

from genkit.models.image_density.sizes import prime_factors, upsampling_parameters

if TYPE_CHECKING:
    from genkit.models.gated_pixelcnn.config import AutoencoderConfig, SpatialConfig

Shape = tuple[int, ...]


def steering_width(shapes: Mapping[str, Shape]) -> int:
    """Numbers in all conditions together."""
    return sum(prod(shape) for shape in shapes.values())


def flat_and_mapped(shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """Numbers in the conditions that are vectors, and channels of those that are maps."""
    flat = sum(shape[0] for shape in shapes.values() if len(shape) == 1)
    return flat, sum(shape[2] for shape in shapes.values() if len(shape) == 3)


def spatial_parameters(sizes: SpatialConfig, shapes: Mapping[str, Shape], image: Shape) -> int:
    """Of the deconvolution network."""
    flat, mapped = flat_and_mapped(shapes)
    height, width = sizes.small_shape(image)
    entry = (flat + 1) * height * width * sizes.maps if flat else 0
    inputs = (sizes.maps if flat else 0) + mapped
    return entry + upsampling_parameters(inputs, sizes.maps, prime_factors(sizes.factor))


def encoder_parameters(sizes: AutoencoderConfig, image: Shape) -> int:
    """Of the encoder."""
    height, width, inputs = image
    total = 0
    for maps in sizes.widths:
        total += (9 * inputs + 1) * maps
        height, width, inputs = ceil(height / 2), ceil(width / 2), maps
    total += (height * width * inputs + 1) * sizes.dense
    return total + (sizes.dense + 1) * sizes.bottleneck


def mse_decoder_parameters(sizes: AutoencoderConfig, steered: int, image: Shape) -> int:
    """Of the decoder that minimises the mean squared error, steered by so many numbers."""
    inputs, total = sizes.widths[-1], (steered + 1) * sizes.dense
    factor = 2 ** len(sizes.widths)
    total += (sizes.dense + 1) * (image[0] // factor) * (image[1] // factor) * inputs
    for maps in mirrored(sizes.widths):
        total += (16 * inputs + 1) * maps
        inputs = maps
    return total + (9 * inputs + 1) * image[2]


def mirrored(widths: Sequence[int]) -> list[int]:
    """Maps of the transposed convolutions that undo convolutions of `widths`."""
    return [*reversed(widths[:-1]), widths[0]]
