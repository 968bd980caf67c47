"""Nav A3C: agents that find their way, with depth and loop closure as auxiliary tasks."""
