"""Interaction Networks: physics learned from objects and their relations (arXiv:1612.00222)."""
