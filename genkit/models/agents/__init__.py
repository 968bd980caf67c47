"""Advantage actor-critic agents, feed-forward and recurrent: the base of all that act."""
