"""Models on their way: as a folder or a zip that holds all they need, and back, trusting nothing in it."""

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
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.store import (
    CARD_NAME,
    PREDICTIONS_NAME,
    ModelStore,
    check_model_name,
    checked_file,
)
from fracture_core.zoo import find_architecture

#: How the name of a packed model ends.
ZIP_SUFFIX = ".zip"

_LARGEST = {CARD_NAME: 4 << 20, PREDICTIONS_NAME: 256 << 20}
_LARGEST_PART = 2 << 30


def export_model(store: ModelStore, model_id: str, to: Path, films: bool = True) -> Path:
    """Writes a model as a folder, or as a zip of that folder where the name ends so.

    The index of its training films stays behind: it names them, and is built anew from the films.

    Args:
        store: the models on this computer.
        model_id: one of them.
        to: `NAME.zip`, or the folder in which a folder of the model's name is made.
        films: whether its table of validation and test films, which names their files, goes along.

    Returns:
        The zip or the folder.

    Raises:
        ModelError: the model is unknown or altered, there is something of that name, or the disk refuses.
    """
    store.card(model_id)
    packed = to.suffix.lower() == ZIP_SUFFIX
    target = to if packed else to / model_id
    if target.exists():
        raise ModelError(f"Expected a new name, but {target} is there already: choose another place.")
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with disk_errors(target, ModelError):
            target.parent.mkdir(parents=True, exist_ok=True)
            if packed:
                partial.write_bytes(model_as_zip(store, model_id, films))
            else:
                partial.mkdir()
                for name, content in _model_files(store, model_id, films):
                    (partial / name).write_bytes(content)
            partial.rename(target)
    finally:
        # Nothing is there where all went well, or where nothing could be written.
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.unlink()
    return target


def model_as_zip(store: ModelStore, model_id: str, films: bool = True) -> bytes:
    """A model as the bytes of a zip; see `export_model`.

    Raises:
        ModelError: the model is unknown or altered.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _model_files(store, model_id, films):
            archive.writestr(f"{model_id}/{name}", part)
    return content.getvalue()


def _model_files(store: ModelStore, model_id: str, films: bool) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what belongs to a model."""
    card, folder = store.card(model_id), store.root / model_id
    yield CARD_NAME, (folder / CARD_NAME).read_bytes()
    yield README_NAME, render_readme(card).encode("utf-8")
    for part in (card.weights, card.heads):
        if part is not None:
            yield part.file, checked_file(folder, card, part).read_bytes()
    if films and store.has_predictions(model_id):
        yield PREDICTIONS_NAME, (folder / PREDICTIONS_NAME).read_bytes()


def import_model(store: ModelStore, source: Path | BinaryIO, shown: str = "", model_id: str = "") -> str:
    """Takes an exported model in, after everything in it was checked.

    Files that belong to no model are left where they are.

    Args:
        store: the models on this computer.
        source: the folder or the zip, or the content of a zip.
        shown: its name as the user knows it, always given with content; "" for that of the path.
        model_id: a name for it here; "" for its own.

    Returns:
        The model's id.

    Raises:
        ModelError: it is no model, a part is missing, damaged, altered or too large, its network is not one of the
            zoo, its weights do not fit or fail the golden check, its name is taken, or the disk refuses.
        DataError: its table of films breaks a rule.
    """
    shown = shown or source.name
    with (
        disk_errors(TEMPORARY_FOLDER, ModelError),
        tempfile.TemporaryDirectory(prefix="second-look-") as scratch,
    ):
        result = Path(scratch) / "model"
        result.mkdir()
        with _opened(source, shown) as origin:
            origin.copy(CARD_NAME, result)
            card = ModelCard.load(result / CARD_NAME, shown)
            for part in (card.weights, card.heads):
                if part is not None:
                    _plain(part, shown)
                    origin.copy(part.file, result)
            if origin.has(PREDICTIONS_NAME):
                origin.copy(PREDICTIONS_NAME, result)
        check_model_name(model_id or card.id)
        store.refuse_taken(model_id or card.id)
        _check(result, card)
        card = replace(card, id=model_id or card.id)
        card.save(result / CARD_NAME)
        return store.add(result)


def _plain(part: WeightsFile, shown: str) -> None:
    if (
        part.file != PurePosixPath(part.file).name
        or part.file in (CARD_NAME, README_NAME, PREDICTIONS_NAME)
        or "\\" in part.file
    ):
        raise ModelError(
            f"Expected weights beside the card, but the card in {shown} names {part.file[:80]!r}: do not use "
            "this model."
        )


def _check(result: Path, card: ModelCard) -> None:
    """Whether a model is what its card says, and nothing in it does harm."""
    for part in (card.weights, card.heads):
        if part is not None:
            checked_file(result, card, part)
    row = find_architecture(card.architecture)
    spec = row.at_size(card.input.height)
    if card.input != spec:
        raise ModelError(
            f"Expected the input of {row.title} as it is here, but the card of {card.id} describes another: it was "
            "made by another version, so export it anew from there."
        )
    if (result / PREDICTIONS_NAME).is_file():
        predictions.read_predictions(result / PREDICTIONS_NAME)

    # Keras takes seconds to load, and what was refused so far needs none of it.
    from fracture_core.registry.weight_check import check_weights

    model = row.build(spec)
    check_weights(result / card.weights.file, model, f"{row.title} at {spec.width}×{spec.height} px")
    # A store of its own, in which this is the only model: what it would be refused for later is refused now.
    with tempfile.TemporaryDirectory(prefix="second-look-") as scratch:
        alone = ModelStore(Path(scratch))
        shutil.copytree(result, alone.root / "model")
        replace(card, id="model").save(alone.root / "model" / CARD_NAME)
        if card.heads is not None:
            check_arrays(alone.root / "model" / card.heads.file)
            _check_heads(alone, card)
        alone.verify("model")


def _check_heads(alone: ModelStore, card: ModelCard) -> None:
    """Whether the second heads fit the network's features."""
    import keras
    import numpy as np

    from fracture_core.auxiliary_heads.pooled_features import pooled_features

    _, model = alone.load("model")
    heads, row = alone.heads("model"), find_architecture(card.architecture)
    features = pooled_features(model, row)
    try:
        if not features:
            raise ValueError("the network has no features for them")
        film = np.zeros((1, *model.input.shape[1:]), np.float32)
        middle, deepest = (
            np.asarray(found)[0] for found in keras.Model(model.input, features)(film, training=False)
        )
        assert heads is not None
        heads.check_features(QualityCheck(QualityState.PASS, ()), middle, deepest)
        heads.predict_regions(middle)
    except (ValueError, IndexError, TypeError) as error:
        raise ModelError(
            f"Expected second heads that fit the network of {card.id}, but they do not ({error}): export the "
            "model anew."
        ) from error


class _Folder:
    """A model in a folder."""

    def __init__(self, folder: Path, shown: str):
        self._folder, self._shown = folder, shown

    def has(self, name: str) -> bool:
        path = self._folder / name
        return path.is_file() and not path.is_symlink()

    def copy(self, name: str, result: Path) -> None:
        if not self.has(name):
            raise _missing(name, self._shown)
        _refuse_large(name, (self._folder / name).stat().st_size, self._shown)
        with disk_errors(TEMPORARY_FOLDER, ModelError):
            shutil.copyfile(self._folder / name, result / name)


class _Zip:
    """A model in a zip, at its root or in one folder."""

    def __init__(self, archive: zipfile.ZipFile, shown: str):
        self._archive, self._shown = archive, shown
        paths = [PurePosixPath(info.filename) for info in archive.infolist()]
        places = {path.parent for path in paths if path.name == CARD_NAME and len(path.parts) <= 2}
        if len(places) != 1:
            raise ModelError(
                f"Expected a zip of one exported model, but {shown} holds {len(places)} files named {CARD_NAME} at "
                f"its root "
                "or in a folder there: export the model again."
            )
        self._place = places.pop()

    def _info(self, name: str) -> zipfile.ZipInfo | None:
        return self._archive.NameToInfo.get(str(self._place / name))

    def has(self, name: str) -> bool:
        return self._info(name) is not None

    def copy(self, name: str, result: Path) -> None:
        info = self._info(name)
        if info is None:
            raise _missing(name, self._shown)
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.flag_bits & ENCRYPTED_FLAG:
            raise ModelError(
                f"Expected a plain file {name} in {self._shown}, but it is a link or encrypted: export the model again."
            )
        if info.compress_type not in SUPPORTED_COMPRESSION:
            raise ModelError(
                f"Expected {name} in {self._shown} packed as usual zips are, but it is packed by another method: "
                "export the model again."
            )
        _refuse_large(name, info.file_size, self._shown)
        # zipfile unpacks no byte more than a member announces.
        with (
            _damaged_message(self._shown),
            self._archive.open(info) as packed,
            disk_errors(TEMPORARY_FOLDER, ModelError),
            (result / name).open("xb") as file,
        ):
            shutil.copyfileobj(packed, file, 1 << 20)


@contextmanager
def _opened(source: Path | BinaryIO, shown: str) -> Iterator[_Folder | _Zip]:
    if isinstance(source, Path):
        if source.is_dir():
            yield _Folder(source, shown)
            return
        if not source.is_file():
            raise ModelError(f"Expected an exported model, but there is nothing at {shown}: check the path.")
    with _damaged_message(shown):
        archive = zipfile.ZipFile(source)
    with archive:
        yield _Zip(archive, shown)


@contextmanager
def _damaged_message(shown: str) -> Iterator[None]:
    """What zipfile says of a damaged archive, as a sentence."""
    try:
        yield
    except DAMAGED_ZIP_ERRORS as error:
        raise ModelError(
            f"Expected an exported model as a zip, but {shown} is damaged or none: export the model again."
        ) from error


def _missing(name: str, shown: str) -> ModelError:
    return ModelError(f"Expected {name} in {shown}, but there is none: export the model again.")


def _refuse_large(name: str, size: int, shown: str) -> None:
    largest = _LARGEST.get(name, _LARGEST_PART)
    if size > largest:
        raise ModelError(
            f"Expected {name} of at most {largest >> 20:,} MB, but that in {shown} has {size >> 20:,}: it is no "
            "model of this app."
        )
