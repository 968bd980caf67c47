"""UNREAL: an actor-critic agent with auxiliary tasks."""
