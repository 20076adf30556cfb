"""Extracts the weights from a whole Keras model (`.keras`) without executing code.

A `.keras` file is a zip with a configuration and the weights. The configuration is only parsed as JSON. Layers that
would need code are rejected by name.
"""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fracture_core.errors import ModelError
from fracture_core.io.disk_space import TEMPORARY_FOLDER, disk_errors
from fracture_core.io.json_record import parse_json
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS, ENCRYPTED_FLAG, SUPPORTED_COMPRESSION

KERAS_SUFFIX = ".keras"

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# Layers of Keras that load code or files from another place when they are created.
_LOADING_LAYERS = {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}

_MAX_CONFIG_BYTES, _MAX_WEIGHTS_BYTES = 64 << 20, 2 << 30


def extract_weights(source: Path, target: Path, shown: str) -> None:
    """Extract the weights from a whole Keras model.

    Args:
        source: The `.keras` file.
        target: The weight file to write.
        shown: Name of the file in error messages.

    Raises:
        ModelError: The file is not a Keras model, contains a pickle, a Lambda layer or a custom object, or the weights
            cannot be written.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _check_for_pickles(archive, shown)
            _check_config(_read_config(archive, shown), shown)
            info = _member(archive, _WEIGHTS, _MAX_WEIGHTS_BYTES, shown)
            with (
                archive.open(info) as compressed,
                disk_errors(TEMPORARY_FOLDER, ModelError),
                target.open("wb") as file,
            ):
                shutil.copyfileobj(compressed, file, 1 << 20)
    except (*DAMAGED_ZIP_ERRORS, RecursionError) as error:
        raise ModelError(
            f"{shown} is damaged or not a zip file: save the model again with "
            f"model.save(“name{KERAS_SUFFIX}”)."
        ) from error


def _check_for_pickles(archive: zipfile.ZipFile, shown: str) -> None:
    for name in archive.namelist():
        if name.lower().endswith((".pkl", ".pickle")):
            raise ModelError(
                f"{shown} contains {name[:120]!r}, a pickle file as written by PyTorch. Opening it would execute code: "
                "train one of the architectures here, or save weights with Keras."
            )


def _read_config(archive: zipfile.ZipFile, shown: str) -> Any:
    info = _member(archive, _CONFIG, _MAX_CONFIG_BYTES, shown)
    content = archive.read(info)
    try:
        return parse_json(content)
    except ValueError as error:
        raise ModelError(f"{_CONFIG} in {shown} is not valid JSON: save the model again.") from error


def _member(archive: zipfile.ZipFile, name: str, max_bytes: int, shown: str) -> zipfile.ZipInfo:
    """Find a member of the zip and check its declared size; zipfile does not extract more than that."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ModelError(
            f"{shown} does not contain {name}: save the model again with model.save(“name{KERAS_SUFFIX}”)."
        ) from None
    if (
        info.file_size > max_bytes
        or info.flag_bits & ENCRYPTED_FLAG
        or info.compress_type not in SUPPORTED_COMPRESSION
    ):
        raise ModelError(
            f"{name} in {shown} is larger than {max_bytes >> 20:,} MB, encrypted, or compressed by an unsupported "
            "method: save the model again."
        )
    return info


def _check_config(config: Any, shown: str) -> None:
    for entry in _iterate_objects(config):
        class_name, name = str(entry.get("class_name")), _name(entry)
        if class_name in ("Lambda", "__lambda__"):
            raise ModelError(
                f"{shown} contains the Lambda layer {name!r}, which executes code: save "
                "only the weights with model.save_weights(“name.weights.h5”)."
            )
        if class_name in _LOADING_LAYERS:
            raise ModelError(
                f"{shown} contains the layer {name!r} of the type {class_name}, which loads another file or "
                "executes code: save only the weights with model.save_weights(“name.weights.h5”)."
            )
        if ".." in PurePosixPath(name).parts or name.startswith("/") or "\\" in name:
            raise ModelError(
                f"{shown} contains an object whose name leads to another folder ({name!r}): do not use this model."
            )
        module, registered = entry.get("module"), entry.get("registered_name")
        is_function = module == "builtins" and class_name == "function"  # how Keras names its own functions
        built_in = is_function or (isinstance(module, str) and module.split(".")[0] == "keras")
        if not built_in or ">" in str(registered):
            raise ModelError(
                f"{shown} contains the custom object {class_name[:80]!r} ({name!r}), which "
                "needs code: save only the weights with model.save_weights(“name.weights.h5”)."
            )


def _iterate_objects(config: Any) -> Iterator[dict[str, Any]]:
    """All objects that Keras would create from the configuration, at any depth."""
    pending = [config]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            class_name = part.get("class_name")
            # Keras stores tensors, and the names of its own functions, without a module.
            if isinstance(class_name, str) and (not _is_value(class_name) or "module" in part):
                yield part
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)


def _is_value(class_name: str) -> bool:
    return class_name.startswith("__") and class_name.endswith("__") and class_name != "__lambda__"


def _name(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    # The configuration of a function is its name.
    config_name = config.get("name") if isinstance(config, dict) else config
    return str(entry.get("name") or config_name or "unnamed")[:80]
