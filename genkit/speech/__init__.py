"""Text to what a network that speaks is told: phones, their context, durations and pitch."""
