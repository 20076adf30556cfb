"""The published systems: what their reports state, and what our runs of the same architectures measured."""
