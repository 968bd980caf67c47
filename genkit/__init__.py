"""genkit: train, sample and evaluate the generative models of ten papers on Keras 3.

Importing this package is cheap: nothing here imports Keras or a backend.
"""

__version__ = "0.1.0"
