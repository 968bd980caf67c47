"""Video Pixel Networks (Kalchbrenner et al., 2016, arXiv:1610.00527)."""
