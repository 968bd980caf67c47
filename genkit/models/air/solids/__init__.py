"""AIR with a renderer as its decoder: solids on a table, their shapes and poses."""
