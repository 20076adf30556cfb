"""Training runs: folder, configuration, queue, worker process and operations."""
