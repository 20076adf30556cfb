"""Weights that a user brings along: checked against the zoo, then kept as a model without a record."""

import math
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from fracture_core.errors import ModelError
from fracture_core.evaluation import PlattCalibration, Thresholds
from fracture_core.io.disk_space import TEMPORARY_FOLDER, disk_errors
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.keras_file import KERAS_SUFFIX, extract_weights
from fracture_core.registry.store import CARD_NAME, ModelStore, check_model_name
from fracture_core.zoo import find_architecture

# What is refused unopened. Such files hold code or a network of their own; only numbers for a known network are taken.
_KERAS = (
    "a whole Keras model in the older format, which can hold code: load it where it was made, and there save"
)
_TORCH = (
    "a PyTorch state dict: a pickle, which runs code when it is opened, and its layers are named and laid out "
    "otherwise than those here: train one of the architectures here, or from Keras save"
)
_PICKLE = "a pickle, which runs code when it is opened: save"
_REFUSED = {
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".ckpt": _TORCH,
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _PICKLE,
}
_SUFFIX = ".weights.h5"

# How pickles of the protocols in use begin, and zips, in which PyTorch wraps them.
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ZIP = b"PK\x03\x04"


def check_file_name(name: str) -> None:
    """Refuses, by name alone and without opening it, a file that cannot be weights of the zoo.

    Raises:
        ModelError: what the file is taken for, and what to do instead.
    """
    if name.lower().endswith((_SUFFIX, KERAS_SUFFIX)):
        return
    raise _refused(name, _REFUSED.get(Path(name).suffix.lower(), "something else: save"))


def _refused(name: str, kind: str) -> ModelError:
    return ModelError(
        f"Expected weights as name{_SUFFIX} or name{KERAS_SUFFIX}, but {name} is {kind} only the weights with "
        f"model.save_weights(“name{_SUFFIX}”)."
    )


def add_weights(
    store: ModelStore, source: BinaryIO, file_name: str, model_id: str, name: str, size: int | None = None
) -> str:
    """Takes weights into the store, after they were checked against an architecture.

    No code of the file is run: a network of the zoo is built and filled with its numbers. The file is
    deleted where it does not fit.

    Args:
        store: the models on this computer.
        source: the file's content.
        file_name: its name, as the user knows it.
        model_id: the new model's name, as `store.check_model_name` wants it.
        name: the architecture.
        size: input size in pixels; None for the architecture's own.

    Returns:
        The model's id.

    Raises:
        ModelError: the file's kind, the id or the size is refused, the id is taken, or the weights are
            not those of the architecture at this size, or the disk refuses.
    """
    check_file_name(file_name)
    check_model_name(model_id)
    store.refuse_taken(model_id)
    row = find_architecture(name)
    spec = row.at_size(size)

    # Keras takes seconds to load, and a refused name needs none of it.
    from fracture_core.registry.half_precision import save_weights
    from fracture_core.registry.reference_prediction import reference_logit
    from fracture_core.registry.weight_check import check_weights
    from fracture_core.registry.weights import fill_weights

    with (
        disk_errors(TEMPORARY_FOLDER, ModelError),
        tempfile.TemporaryDirectory(prefix="second-look-") as folder,
    ):
        # Below the temporary folder, whose own permissions are for one user only and would be copied along.
        result = Path(folder) / model_id
        result.mkdir()
        # Kept under our name: that of the user may name a patient, or a path.
        arrived = Path(folder) / "arrived"
        with arrived.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        path = Path(folder) / f"uploaded{_SUFFIX}"
        loaded = _unwrap(arrived, path, file_name)
        model = row.build(spec)
        check_weights(path, model, f"{row.title} at {spec.width}×{spec.height} px")
        fill_weights(model, path, row.title, spec)
        golden = reference_logit(model, spec)
        if not math.isfinite(golden):
            raise ModelError(
                f"Expected weights that give a number, but those of {file_name} give none: their training diverged, "
                "so take an earlier epoch."
            )
        kept = result / f"{row.name}{_SUFFIX}"
        if loaded.file.endswith(KERAS_SUFFIX):
            # Written anew: without the optimizer, which may be twice as large.
            save_weights(model, kept)
        else:
            path.rename(kept)
        card = ModelCard(
            id=model_id,
            title=f"{row.title}, {spec.width} px, loaded weights",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            architecture=row.name,
            input=spec,
            heatmap_layer=row.heatmap_layer,
            heatmap_scale=None,
            weights=WeightsFile(kept.name, sha256_of_file(kept), kept.stat().st_size),
            loaded=loaded,
            golden=golden,
            calibration=PlattCalibration.identity(),
            # Not chosen for any sensitivity or specificity, and saying so.
            thresholds=Thresholds(0.5, 0.5, math.nan, math.nan, 0.5),
            limits=(
                "No record: nobody has measured these weights here; evaluate them on labelled films before you rely "
                "on them.",
                "Its probabilities are not calibrated, and its threshold of 0.5 was not chosen on any films.",
            ),
        )
        card.save(result / CARD_NAME)
        return store.add(result)


def _unwrap(arrived: Path, path: Path, shown: str) -> WeightsFile:
    """Looks at what arrived by its first bytes, whatever its name, and brings its weights to `path`.

    Returns:
        What arrived, under our own name for it.
    """
    with arrived.open("rb") as file:
        head = file.read(8)
    if head.startswith(_PICKLES):
        raise _refused(shown, _PICKLE)
    kind = KERAS_SUFFIX if head.startswith(_ZIP) else _SUFFIX
    found = WeightsFile(f"uploaded{kind}", sha256_of_file(arrived), arrived.stat().st_size)
    if kind == KERAS_SUFFIX:
        extract_weights(arrived, path, shown)
    elif shown.lower().endswith(KERAS_SUFFIX):
        raise ModelError(
            f"Expected a whole Keras model, but {shown} is no zip: save it again with model.save(“name{KERAS_SUFFIX}”)."
        )
    else:
        arrived.rename(path)
    return found
