"""Scenes of things, each a function of (seed, number), with what is in them."""
