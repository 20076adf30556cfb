"""The architectures that can be trained, loaded and explained here. Importing it loads no TensorFlow."""

from fracture_core.zoo.architecture import Architecture, Protocol
from fracture_core.zoo.augmentation import Augmentation
from fracture_core.zoo.table import ARCHITECTURES, architecture

__all__ = ["ARCHITECTURES", "Architecture", "Augmentation", "Protocol", "architecture"]
