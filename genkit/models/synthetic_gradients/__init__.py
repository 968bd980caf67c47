"""Synthetic gradients (Czarnecki et al., 2017): networks cut apart, trained without waiting."""
