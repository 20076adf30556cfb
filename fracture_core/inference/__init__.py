"""Predictions with a stored model: one image, a study, or a whole dataset."""
