"""Tiny AIR learners for tests."""

from __future__ import annotations

from tests.tiny import Tiny

AIR = Tiny("air", "concrete")
TINY = AIR.sections
recipe, fresh, learner = AIR.recipe, AIR.fresh, AIR.learner
