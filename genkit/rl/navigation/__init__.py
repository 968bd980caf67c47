"""How agents find their way, as measured by Mirowski et al., 2017 (arXiv:1611.03673)."""
