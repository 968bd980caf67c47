"""Simulated objects: bodies under gravity, balls in a box, a string above a disc."""
