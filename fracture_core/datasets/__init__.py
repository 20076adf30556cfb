"""Data sets: from a folder to cases with groups and splits; synthetic films. No TensorFlow."""
