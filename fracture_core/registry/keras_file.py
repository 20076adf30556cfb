"""A whole model as Keras saves it (`.keras`): its weights are taken out, its code never run.

Such a file is a zip of a description of the network and of its weights. The description is read as text alone, and
what in it would need code is refused by name.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fracture_core.errors import ModelError
from fracture_core.io.disk_space import TEMPORARY_FOLDER, disk_errors
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS, ENCRYPTED_FLAG, SUPPORTED_COMPRESSION

KERAS_SUFFIX = ".keras"

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_CONFIG, _LARGEST_WEIGHTS = 64 << 20, 2 << 30


def extract_weights(source: Path, target: Path, shown: str) -> None:
    """Copies the weights out of a whole model.

    Args:
        source: the file.
        target: where the weights go.
        shown: the file's name as the user knows it.

    Raises:
        ModelError: it is no such file, holds a pickle, its description names a Lambda layer or a custom object, or the
            disk refuses.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _refuse_pickles(archive, shown)
            _refuse_code(_description(archive, shown), shown)
            info = _member(archive, _WEIGHTS, _LARGEST_WEIGHTS, shown)
            with (
                archive.open(info) as packed,
                disk_errors(TEMPORARY_FOLDER, ModelError),
                target.open("wb") as file,
            ):
                shutil.copyfileobj(packed, file, 1 << 20)
    except (*DAMAGED_ZIP_ERRORS, RecursionError) as error:
        raise ModelError(
            f"Expected a whole Keras model, but {shown} is damaged or no zip: save it again with "
            f"model.save(“name{KERAS_SUFFIX}”)."
        ) from error


def _refuse_pickles(archive: zipfile.ZipFile, shown: str) -> None:
    for name in archive.namelist():
        if name.lower().endswith((".pkl", ".pickle")):
            raise ModelError(
                f"Expected a whole Keras model, but {shown} holds {name[:120]!r}, a pickle as PyTorch writes it, which "
                f"runs code when it is opened: train one of the architectures here, or save weights from Keras."
            )


def _description(archive: zipfile.ZipFile, shown: str) -> Any:
    info = _member(archive, _CONFIG, _LARGEST_CONFIG, shown)
    content = archive.read(info)
    try:
        return json.loads(content)
    except ValueError as error:
        raise ModelError(
            f"Expected a description of the network in {shown}, but its {_CONFIG} is no JSON: save the model again."
        ) from error


def _member(archive: zipfile.ZipFile, name: str, largest: int, shown: str) -> zipfile.ZipInfo:
    """A part of the file; zipfile unpacks no byte more than it announces."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ModelError(
            f"Expected {name} in {shown}, but there is none: save the model again with "
            f"model.save(“name{KERAS_SUFFIX}”)."
        ) from None
    if (
        info.file_size > largest
        or info.flag_bits & ENCRYPTED_FLAG
        or info.compress_type not in SUPPORTED_COMPRESSION
    ):
        raise ModelError(
            f"Expected {name} of at most {largest >> 20:,} MB in {shown}, without a password and packed in no unusual "
            "way: save the model again."
        )
    return info


def _refuse_code(description: Any, shown: str) -> None:
    for entry in _iterate_entries(description):
        kind, name = str(entry.get("class_name")), _name(entry)
        if kind in ("Lambda", "__lambda__"):
            raise ModelError(
                f"Expected layers of Keras alone, but {shown} has the Lambda layer {name!r}, which holds code: save "
                "only the weights with model.save_weights(“name.weights.h5”)."
            )
        module, registered = entry.get("module"), entry.get("registered_name")
        own = isinstance(module, str) and module.split(".")[0] in ("keras", "builtins")
        if not own or ">" in str(registered):
            raise ModelError(
                f"Expected layers of Keras alone, but {shown} has the custom object {kind[:80]!r} ({name!r}), which "
                "needs code: save only the weights with model.save_weights(“name.weights.h5”)."
            )


def _iterate_entries(description: Any) -> Iterator[dict[str, Any]]:
    """Whatever the description would have made, at any depth."""
    waiting = [description]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            kind = part.get("class_name")
            # Keras writes tensors, and names of its own functions, without a module.
            if isinstance(kind, str) and (not _is_plain(kind) or "module" in part):
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _is_plain(kind: str) -> bool:
    return kind.startswith("__") and kind.endswith("__") and kind != "__lambda__"


def _name(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    # Of a function the configuration is its name.
    own = config.get("name") if isinstance(config, dict) else config
    return str(entry.get("name") or own or "without a name")[:80]
