"""Tiny cut networks for tests."""

from __future__ import annotations

from tests.tiny import Tiny

CUTS = Tiny("synthetic_gradients", "dense")
