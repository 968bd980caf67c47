"""Recurrent networks whose windows end in a synthetic gradient (Jaderberg et al., 2016)."""
