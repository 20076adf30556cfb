"""Models on this computer: weights, cards, and which of them is in use."""
