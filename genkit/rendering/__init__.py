"""Pictures of simple solids on a table: an analytic ray caster, in NumPy or in `keras.ops`.

Every function takes `xp`, the module to compute with: `numpy` makes data on the host, `keras.ops`
is compiled into a network. Rays are tuples of arrays, one for each coordinate.
"""
