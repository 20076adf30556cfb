"""Exports a model as a folder or zip, and imports it again with full validation."""

import io
import shutil
import stat
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fracture_core.errors import ModelError
from fracture_core.evaluation import predictions
from fracture_core.imaging import QualityCheck, QualityState
from fracture_core.io.disk_space import TEMPORARY_FOLDER, disk_errors
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS, ENCRYPTED_FLAG, SUPPORTED_COMPRESSION
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.check_arrays import check_arrays
from fracture_core.registry.model_files import checked_file
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.network_files import NETWORK_NAME, add_exported_network
from fracture_core.registry.store import (
    CARD_NAME,
    PREDICTIONS_NAME,
    ModelStore,
    check_heatmap_layer,
    check_model_name,
)
from fracture_core.zoo import find_architecture

#: Suffix of an exported zip.
ZIP_SUFFIX = ".zip"

_MAX_BYTES = {CARD_NAME: 4 << 20, PREDICTIONS_NAME: 256 << 20}
_MAX_FILE_BYTES = 2 << 30


def export_model(store: ModelStore, model_id: str, to: Path, with_predictions: bool = True) -> Path:
    """Write a model as a folder or a zip.

    The neighbour index is not exported: it contains the file names of the training images.

    Args:
        store: The model store.
        model_id: Id of the model.
        to: `NAME.zip`, or the folder in which a folder with the model's id is created.
        with_predictions: Whether to export predictions.csv, which contains the file names of validation and test
            images.

    Returns:
        The zip or the folder.

    Raises:
        ModelError: The model is unknown or altered, the target exists, or it cannot be written.
    """
    store.card(model_id)
    as_zip = to.suffix.lower() == ZIP_SUFFIX
    target = to if as_zip else to / model_id
    if target.exists():
        raise ModelError(f"{target} already exists: choose another name or folder.")
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with disk_errors(target, ModelError):
            target.parent.mkdir(parents=True, exist_ok=True)
            if as_zip:
                partial.write_bytes(model_as_zip(store, model_id, with_predictions))
            else:
                partial.mkdir()
                for name, content in _model_files(store, model_id, with_predictions):
                    (partial / name).write_bytes(content)
            partial.rename(target)
    finally:
        # After a successful rename there is nothing left to remove.
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.unlink()
    return target


def model_as_zip(store: ModelStore, model_id: str, with_predictions: bool = True) -> bytes:
    """Return a model as the content of a zip.

    Args:
        store: The model store.
        model_id: Id of the model.
        with_predictions: See `export_model`.

    Returns:
        The content of the zip.

    Raises:
        ModelError: The model is unknown or altered.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _model_files(store, model_id, with_predictions):
            archive.writestr(f"{model_id}/{name}", part)
    return content.getvalue()


def _model_files(store: ModelStore, model_id: str, with_predictions: bool) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files of a model."""
    card, folder = store.card(model_id), store.root / model_id
    yield CARD_NAME, (folder / CARD_NAME).read_bytes()
    yield README_NAME, render_readme(card).encode("utf-8")
    for part in card.files:
        if part != card.network:  # an import builds it again from the weights
            yield part.file, checked_file(folder, card, part).read_bytes()
    if with_predictions and store.has_predictions(model_id):
        yield PREDICTIONS_NAME, (folder / PREDICTIONS_NAME).read_bytes()


def import_model(store: ModelStore, source: Path | BinaryIO, shown: str = "", model_id: str = "") -> str:
    """Import an exported model after validating all its files. Other files in the source are ignored.

    Args:
        store: The model store.
        source: The folder, the zip, or the content of a zip.
        shown: Name of the source in error messages, required for content; "" for the name of the path.
        model_id: Id of the model in the store; "" for the id in its card.

    Returns:
        The id of the model.

    Raises:
        ModelError: The source is not a model; a file is missing, damaged, altered or too large; the architecture is
            unknown; the weights do not fit or fail the reference prediction; the id is taken; or the model cannot be
            written.
        DataError: The table of predictions is invalid.
    """
    shown = shown or source.name
    with (
        disk_errors(TEMPORARY_FOLDER, ModelError),
        tempfile.TemporaryDirectory(prefix="second-look-") as temporary,
    ):
        result = Path(temporary) / "model"
        result.mkdir()
        with _open_source(source, shown) as archive:
            archive.copy(CARD_NAME, result)
            card = ModelCard.load(result / CARD_NAME, shown)
            # An exported network is not copied: a hostile one could crash LiteRT. It is built from the checked weights.
            card = replace(card, network=None)
            for part in card.files:
                _check_file_name(part, shown)
                archive.copy(part.file, result)
            if archive.has(PREDICTIONS_NAME):
                archive.copy(PREDICTIONS_NAME, result)
        check_model_name(model_id or card.id)
        store.check_id_is_free(model_id or card.id)
        card = _check_model(result, card)
        card = replace(card, id=model_id or card.id)
        card.save(result / CARD_NAME)
        return store.add(result)


def _check_file_name(part: WeightsFile, shown: str) -> None:
    if (
        part.file != PurePosixPath(part.file).name
        or part.file in (CARD_NAME, README_NAME, PREDICTIONS_NAME, NETWORK_NAME)
        or "\\" in part.file
    ):
        raise ModelError(
            f"The card in {shown} refers to a file outside the model's folder ({part.file[:80]!r}): do not use this "
            "model."
        )


def _check_model(result: Path, card: ModelCard) -> ModelCard:
    """Check that the files of a model match its card and are safe, and export its network.

    Returns:
        The card with the exported network.
    """
    for part in card.files:
        checked_file(result, card, part)
    architecture = find_architecture(card.architecture)
    spec = architecture.at_size(card.input.height)
    if card.input != spec:
        raise ModelError(
            f"The card of {card.id} describes another input than that of {architecture.title}. It was created by "
            "another version: export the model again with the current version."
        )
    if (result / PREDICTIONS_NAME).is_file():
        predictions.read_predictions(result / PREDICTIONS_NAME)

    # Importing Keras takes seconds and is not needed for the checks above.
    from fracture_core.registry.weight_check import check_weights
    from fracture_core.registry.weights import fill_weights

    model = architecture.build(spec)
    check_weights(result / card.weights.file, model, f"{architecture.title} at {spec.width}×{spec.height} px")
    fill_weights(model, result / card.weights.file, architecture.title, spec)
    check_heatmap_layer(card, model)
    card = add_exported_network(result, card, model)
    # A separate store with only this model, to run all checks of the store before the model is added.
    with tempfile.TemporaryDirectory(prefix="second-look-") as temporary:
        single = ModelStore(Path(temporary))
        shutil.copytree(result, single.root / "model")
        replace(card, id="model").save(single.root / "model" / CARD_NAME)
        if card.heads is not None:
            check_arrays(single.root / "model" / card.heads.file)
            _check_heads(single, card)
        single.verify("model")
    return card


def _check_heads(single: ModelStore, card: ModelCard) -> None:
    """Check that the auxiliary heads fit the features of the network."""
    import keras
    import numpy as np

    from fracture_core.auxiliary_heads.pooled_features import pooled_features

    _, model = single.load("model")
    heads = single.heads("model")
    features = pooled_features(model, find_architecture(card.architecture))
    try:
        if not features:
            raise ValueError("the network has no features for them")
        image = np.zeros((1, *model.input.shape[1:]), np.float32)
        middle, deepest = (
            np.asarray(output)[0] for output in keras.Model(model.input, features)(image, training=False)
        )
        assert heads is not None
        heads.check_features(QualityCheck(QualityState.PASS, ()), middle, deepest)
        heads.predict_regions(middle)
    except (ValueError, IndexError, TypeError) as error:
        raise ModelError(
            f"The auxiliary heads of {card.id} do not fit its network ({error}): export the model again."
        ) from error


class _FolderSource:
    """An exported model in a folder."""

    def __init__(self, folder: Path, shown: str):
        self._folder, self._shown = folder, shown

    def has(self, name: str) -> bool:
        path = self._folder / name
        return path.is_file() and not path.is_symlink()

    def copy(self, name: str, result: Path) -> None:
        if not self.has(name):
            raise _missing_file(name, self._shown)
        _check_size(name, (self._folder / name).stat().st_size, self._shown)
        with disk_errors(TEMPORARY_FOLDER, ModelError):
            shutil.copyfile(self._folder / name, result / name)


class _ZipSource:
    """An exported model in a zip, at its root or in one folder."""

    def __init__(self, archive: zipfile.ZipFile, shown: str):
        self._archive, self._shown = archive, shown
        paths = [PurePosixPath(info.filename) for info in archive.infolist()]
        folders = {path.parent for path in paths if path.name == CARD_NAME and len(path.parts) <= 2}
        if len(folders) != 1:
            raise ModelError(
                f"Expected a zip of one exported model, but {shown} contains {len(folders)} files named {CARD_NAME}: "
                "export the model again."
            )
        self._folder = folders.pop()

    def _info(self, name: str) -> zipfile.ZipInfo | None:
        return self._archive.NameToInfo.get(str(self._folder / name))

    def has(self, name: str) -> bool:
        return self._info(name) is not None

    def copy(self, name: str, result: Path) -> None:
        info = self._info(name)
        if info is None:
            raise _missing_file(name, self._shown)
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.flag_bits & ENCRYPTED_FLAG:
            raise ModelError(f"{name} in {self._shown} is a link or encrypted: export the model again.")
        if info.compress_type not in SUPPORTED_COMPRESSION:
            raise ModelError(
                f"{name} in {self._shown} is compressed by an unsupported method: export the model again."
            )
        _check_size(name, info.file_size, self._shown)
        # zipfile does not extract more bytes than the declared size.
        with (
            _damaged_message(self._shown),
            self._archive.open(info) as compressed,
            disk_errors(TEMPORARY_FOLDER, ModelError),
            (result / name).open("xb") as file,
        ):
            shutil.copyfileobj(compressed, file, 1 << 20)


@contextmanager
def _open_source(source: Path | BinaryIO, shown: str) -> Iterator[_FolderSource | _ZipSource]:
    if isinstance(source, Path):
        if source.is_dir():
            yield _FolderSource(source, shown)
            return
        if not source.is_file():
            raise ModelError(f"There is no exported model at {shown}: check the path.")
    with _damaged_message(shown):
        archive = zipfile.ZipFile(source)
    with archive:
        yield _ZipSource(archive, shown)


@contextmanager
def _damaged_message(shown: str) -> Iterator[None]:
    """Convert the errors of zipfile for a damaged archive to a `ModelError`."""
    try:
        yield
    except DAMAGED_ZIP_ERRORS as error:
        raise ModelError(f"{shown} is damaged or not a zip file: export the model again.") from error


def _missing_file(name: str, shown: str) -> ModelError:
    return ModelError(f"{shown} does not contain {name}: export the model again.")


def _check_size(name: str, size: int, shown: str) -> None:
    max_bytes = _MAX_BYTES.get(name, _MAX_FILE_BYTES)
    if size > max_bytes:
        raise ModelError(
            f"{name} in {shown} has {size >> 20:,} MB, more than the maximum of {max_bytes >> 20:,} MB: it is not a "
            "model of this app."
        )
