"""What every family of exact image densities shares: likelihood, scores, samples, checks."""
