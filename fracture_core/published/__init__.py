"""Published fracture detection systems: reported results, and results of our runs of the same architectures."""
