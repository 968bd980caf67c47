"""Attend, Infer, Repeat (Eslami et al., 2016): scenes taken apart into things."""
