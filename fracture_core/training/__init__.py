"""Training of networks and the evaluation and release of their results."""
