"""Model registry: weights and model cards on this computer, and the model in use."""
