"""Datasets: from a folder of radiographs to cases with labels, groups and splits. No TensorFlow."""
