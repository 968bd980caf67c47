"""Tiny interaction networks for tests."""

from __future__ import annotations

from tests.tiny import Tiny

NETWORKS = Tiny("interaction_network", "nbody")
