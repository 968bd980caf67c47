"""Sentences that need no download, drawn from word lists by (purpose, index)."""
