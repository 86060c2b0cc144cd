"""Training: the pure step, the programs made of it, the loop around them."""
