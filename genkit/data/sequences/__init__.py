"""Tasks over time: symbols that are to be said again, streams of digits that are to be counted."""
