"""What a network learns from experience: losses that are added up, each with its own outputs."""
