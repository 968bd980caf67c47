"""Proofs that a model is what it claims to be: `genkit check` and the tests run the same ones."""
