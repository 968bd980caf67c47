"""Shares of data that are held out. Light: recipes need it."""

from __future__ import annotations


def check_shares(validation_share: float, test_share: float) -> None:
    """Raises ValueError where held-out shares leave nothing for training."""
    if validation_share + test_share >= 1:
        raise ValueError(
            "validation_share and test_share leave nothing for training. Received: "
            f"{validation_share} and {test_share}"
        )
