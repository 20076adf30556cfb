"""Similar images: the nearest labelled training images, by the features of the network."""
