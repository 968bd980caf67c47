"""Tiny agents for tests."""

from __future__ import annotations

from tests.tiny import Tiny

AGENTS = Tiny("agents", "catch")
