"""The families, one folder each, and the rooms that several families share."""
