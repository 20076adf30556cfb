"""Adds a user's weight file as a model without test results, after checking it against an architecture."""

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
from fracture_core.registry.keras_file import KERAS_SUFFIX, extract_weights
from fracture_core.registry.model_files import sha256_of_file
from fracture_core.registry.store import CARD_NAME, ModelStore, check_model_name
from fracture_core.zoo import find_architecture

# Files that are rejected without opening them, because they can contain code or a network of their own.
_KERAS = (
    "is a whole Keras model in the older HDF5 format, which can contain code. "
    "Load the model where it was trained and save"
)
_TORCH = (
    "is a PyTorch state dict: a pickle file, which executes code when it is opened, with other layer names. "
    "Train one of the architectures here, or with Keras save"
)
_PICKLE = "is a pickle file, which executes code when it is opened. With Keras, save"
_UNSUPPORTED = {
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

# First bytes of pickle files (protocols 2 to 5) and of zip files, which PyTorch uses as containers.
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ZIP = b"PK\x03\x04"


def check_file_name(name: str) -> None:
    """Check the name of a weight file without opening the file.

    Args:
        name: File name.

    Raises:
        ModelError: The suffix is not supported; the message names the file type and the alternative.
    """
    if name.lower().endswith((_SUFFIX, KERAS_SUFFIX)):
        return
    raise _unsupported(
        name, _UNSUPPORTED.get(Path(name).suffix.lower(), "is another type of file. With Keras, save")
    )


def _unsupported(name: str, reason: str) -> ModelError:
    return ModelError(
        f"Expected a file name{_SUFFIX} or name{KERAS_SUFFIX}. {name} {reason} only the weights with "
        f"model.save_weights(“name{_SUFFIX}”)."
    )


def add_weights(
    store: ModelStore, source: BinaryIO, file_name: str, model_id: str, name: str, size: int | None = None
) -> str:
    """Add a weight file to the store, after checking it against an architecture.

    No code from the file is executed: a network of the zoo is built and its weights are loaded.

    Args:
        store: The model store.
        source: Content of the file.
        file_name: Name of the file.
        model_id: Id of the new model; see `store.check_model_name`.
        name: Name of the architecture.
        size: Input size in pixels; None for the default of the architecture.

    Returns:
        The id of the model.

    Raises:
        ModelError: The file type, id or size is invalid, the id is taken, the weights do not fit the architecture at
            this size, or the model cannot be written.
    """
    check_file_name(file_name)
    check_model_name(model_id)
    store.check_id_is_free(model_id)
    architecture = find_architecture(name)
    spec = architecture.at_size(size)

    # Importing Keras takes seconds and is not needed to reject a name.
    from fracture_core.registry.half_precision import save_weights
    from fracture_core.registry.network_files import add_exported_network
    from fracture_core.registry.reference_prediction import reference_logit
    from fracture_core.registry.weight_check import check_weights
    from fracture_core.registry.weights import fill_weights

    with (
        disk_errors(TEMPORARY_FOLDER, ModelError),
        tempfile.TemporaryDirectory(prefix="second-look-") as folder,
    ):
        # A subfolder: the temporary folder itself is private to one user, and its permissions would be copied.
        result = Path(folder) / model_id
        result.mkdir()
        # Stored under a neutral name, because the original name may identify a patient.
        upload = Path(folder) / "upload"
        with upload.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        path = Path(folder) / f"uploaded{_SUFFIX}"
        loaded = _extract(upload, path, file_name)
        model = architecture.build(spec)
        check_weights(path, model, f"{architecture.title} at {spec.width}×{spec.height} px")
        fill_weights(model, path, architecture.title, spec)
        reference = reference_logit(model, spec)
        if not math.isfinite(reference):
            raise ModelError(
                f"The weights in {file_name} give an infinite or undefined logit. Their training diverged: use the "
                "weights of an earlier epoch."
            )
        target = result / f"{architecture.name}{_SUFFIX}"
        if loaded.file.endswith(KERAS_SUFFIX):
            # Written again without the state of the optimizer, which may be twice as large.
            save_weights(model, target)
        else:
            path.rename(target)
        card = ModelCard(
            id=model_id,
            title=f"{architecture.title}, {spec.width} px, loaded weights",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            architecture=architecture.name,
            input=spec,
            heatmap_layer=architecture.heatmap_layer,
            heatmap_scale=None,
            weights=WeightsFile(target.name, sha256_of_file(target), target.stat().st_size),
            loaded=loaded,
            golden=reference,
            calibration=PlattCalibration.identity(),
            # Not chosen for a target sensitivity or specificity.
            thresholds=Thresholds(0.5, 0.5, math.nan, math.nan, 0.5),
            limits=(
                "No test results: evaluate the model on labelled images before using it.",
                "The probabilities are not calibrated, and the threshold of 0.5 was not chosen on validation images.",
            ),
        )
        add_exported_network(result, card, model).save(result / CARD_NAME)
        return store.add(result)


def _extract(upload: Path, path: Path, shown: str) -> WeightsFile:
    """Detect the file type from the first bytes and write the weights to `path`.

    Returns:
        The uploaded file, under a neutral name.
    """
    with upload.open("rb") as file:
        head = file.read(8)
    if head.startswith(_PICKLES):
        raise _unsupported(shown, _PICKLE)
    suffix = KERAS_SUFFIX if head.startswith(_ZIP) else _SUFFIX
    uploaded = WeightsFile(f"uploaded{suffix}", sha256_of_file(upload), upload.stat().st_size)
    if suffix == KERAS_SUFFIX:
        extract_weights(upload, path, shown)
    elif shown.lower().endswith(KERAS_SUFFIX):
        raise ModelError(
            f"{shown} is not a zip file: save the model again with model.save(“name{KERAS_SUFFIX}”)."
        )
    else:
        upload.rename(path)
    return uploaded
