"""Network architectures that can be trained, loaded and explained. Importing this package loads no TensorFlow."""

from fracture_core.zoo.architecture import Architecture, TrainingProtocol
from fracture_core.zoo.architectures import ARCHITECTURES, find_architecture
from fracture_core.zoo.augmentation import Augmentation

__all__ = ["ARCHITECTURES", "Architecture", "Augmentation", "TrainingProtocol", "find_architecture"]
