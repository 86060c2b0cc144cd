"""Keraunos side by side with Keras 3 and with JAX written by hand: `python benchmarks/run.py`."""
