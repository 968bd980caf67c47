"""Two networks that tick at different clocks (Jaderberg et al., 2016, section 3.3)."""
