"""Training runs: settings, state, queue and background processes."""
