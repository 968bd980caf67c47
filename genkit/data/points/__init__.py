"""Points and their targets: small problems whose best solution is known."""
