"""Where a model looked, and how much of it to believe."""
