"""Video data sets: generators, readers of the original formats, and videos of one's own."""
