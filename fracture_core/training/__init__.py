"""From a data set to a model: films, batches, the loop, run folders and results."""
