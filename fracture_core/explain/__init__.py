"""Heatmaps that show which image areas a network's output depends on."""
