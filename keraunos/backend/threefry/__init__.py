"""Random numbers on the host, in NumPy: the same, bit for bit, as JAX's Threefry-2x32 generator gives for the same key."""
