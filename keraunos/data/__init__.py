"""Data for ``fit``: arrays, streams of batches, and what prepares them."""
