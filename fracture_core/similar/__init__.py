"""Films like this one: the nearest labelled films of a network's training data, by the network's own features."""
