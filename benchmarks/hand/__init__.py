"""What the contenders run that is not the Keras API: JAX written by hand, and bare imports."""
