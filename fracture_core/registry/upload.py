"""Weights that a user brings along: checked against the zoo, then kept as a model without a record."""

import math
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from fracture_core.errors import ModelError
from fracture_core.evaluation import Platt, Thresholds
from fracture_core.registry.card import Card, Weights
from fracture_core.registry.hash import sha256
from fracture_core.registry.store import CARD, ModelStore
from fracture_core.zoo import architecture

# What is refused unopened. Such files hold code or a network of their own; only numbers for a known network are taken.
_KERAS = "a whole Keras model, which can hold code: load it where it was made, and there save"
_TORCH = "a PyTorch file, which can hold code: train one of the architectures here, or save"
_PICKLE = "a pickle, which runs code when it is opened: save"
_REFUSED = {
    ".keras": _KERAS,
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


def check_file_name(name: str) -> None:
    """Refuses, by name alone and without opening it, a file that cannot be weights of the zoo.

    Raises:
        ModelError: what the file is taken for, and what to do instead.
    """
    if name.lower().endswith(_SUFFIX):
        return
    kind = _REFUSED.get(Path(name).suffix.lower(), "something else: save")
    raise ModelError(
        f"Expected weights as name{_SUFFIX}, but {name} is {kind} only the weights with "
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
        model_id: the new model's name: letters, digits, dashes.
        name: the architecture.
        size: input size in pixels; None for the architecture's own.

    Returns:
        The model's id.

    Raises:
        ModelError: the file's kind, the id or the size is refused, the id is taken, or the weights are
            not those of the architecture at this size.
    """
    check_file_name(file_name)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", model_id):
        raise ModelError(
            f"Expected a model name of letters, digits and dashes, but got {model_id!r}: choose another."
        )
    if model_id in store.ids():
        raise ModelError(
            f"Expected a new name, but there is a model named {model_id} already: choose another."
        )
    row = architecture(name)
    spec = row.at_size(size)

    # Keras takes seconds to load, and a refused name needs none of it.
    from fracture_core.registry.golden import golden_logit
    from fracture_core.registry.weights import load_weights

    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        # Below the temporary folder, whose own permissions are for one user only and would be copied along.
        result = Path(folder) / model_id
        result.mkdir()
        # Kept under our name: that of the user may name a patient, or a path.
        path = result / f"uploaded{_SUFFIX}"
        with path.open("wb") as file:
            while chunk := source.read(1 << 20):
                file.write(chunk)
        model = load_weights(path, row.name, spec)
        golden = golden_logit(model, spec)
        if not math.isfinite(golden):
            raise ModelError(
                f"Expected weights that give a number, but those of {file_name} give none: their training diverged, "
                "so take an earlier epoch."
            )
        path = path.rename(result / f"{row.name}{_SUFFIX}")
        Card(
            id=model_id,
            title=f"{row.title}, {spec.width} px, loaded weights",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            architecture=row.name,
            input=spec,
            heatmap_layer=row.heatmap_layer,
            heatmap_scale=None,
            weights=Weights(path.name, sha256(path), path.stat().st_size),
            golden=golden,
            calibration=Platt.identity(),
            # Not chosen for any sensitivity or specificity, and saying so.
            thresholds=Thresholds(0.5, 0.5, math.nan, math.nan, 0.5),
            limits=(
                "No record: nobody has measured these weights here; evaluate them on labelled films before you rely "
                "on them.",
                "Its probabilities are not calibrated, and its threshold of 0.5 was not chosen on any films.",
            ),
        ).save(result / CARD)
        return store.add(result)
