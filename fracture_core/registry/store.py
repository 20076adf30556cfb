"""Store of the models on this computer, with the model in use and its history."""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import predictions
from fracture_core.io.atomic_write import write_atomically
from fracture_core.io.json_record import parse_json
from fracture_core.registry.card import ModelCard
from fracture_core.registry.history import BACK, USE, ModelChange, ModelRef, previous_model
from fracture_core.registry.model_files import checked_file
from fracture_core.registry.model_readme import README_NAME, render_readme

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
    from fracture_core.similar.neighbour_index import NeighbourIndex

#: The model that is in use by default.
SHIPPED_MODEL = "mobilenet_v2_map-fracatlas"

CARD_NAME, PREDICTIONS_NAME, NEIGHBOURS_NAME = "card.json", "predictions.csv", "neighbours.npz"
_IN_USE, _LOCK = "in_use.json", ".in_use.lock"

# Seconds to wait for the lock; its holder copies at most one model.
_LOCK_TIMEOUT = 30

# Prefixes of folders being added or removed, and the age in seconds at which they are considered abandoned.
_ADDING, _REMOVING = ".adding-", ".removing-"
_LEFTOVER_SECONDS = 24 * 3600


@dataclass(frozen=True)
class _InUse:
    """Content of the file with the model in use and the history, so that both change in one write."""

    model: str = ""
    changes: tuple[ModelChange, ...] = ()
    damaged: bool = False


class ModelStore:
    """A folder with one subfolder per model, which contains its weights, card.json and predictions.csv.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path):
        self.root = root

    def ids(self) -> list[str]:
        """Return the ids of all models, sorted."""
        names = (path.parent.name for path in self.root.glob(f"*/{CARD_NAME}"))
        return sorted(name for name in names if not name.startswith("."))

    def card(self, model_id: str) -> ModelCard:
        """Load the card of a model.

        Raises:
            ModelError: The model is unknown, or its card is incomplete.
        """
        if model_id not in self.ids():
            known = ", ".join(self.ids()) or "none"
            raise ModelError(
                f"Expected one of the models here ({known}), but got {model_id!r}: check the name."
            )
        return ModelCard.load(self.root / model_id / CARD_NAME)

    def predictions(self, model_id: str) -> pd.DataFrame:
        """Load the predictions of a model on its validation and test images; see `evaluation.predictions`.

        Raises:
            ModelError: The model is unknown.
            DataError: The table is missing or invalid.
        """
        self.card(model_id)
        return predictions.read_predictions(self.root / model_id / PREDICTIONS_NAME)

    def has_predictions(self, model_id: str) -> bool:
        """Return whether the model has a table of predictions."""
        return (self.root / model_id / PREDICTIONS_NAME).is_file()

    def load(self, model_id: str) -> tuple[ModelCard, keras.Model]:
        """Load a model for inference, after checking its weights against its card.

        Args:
            model_id: Id of the model.

        Returns:
            The card and the network.

        Raises:
            ModelError: The model is unknown or incomplete, or its weights do not match the card.
        """
        # Importing Keras takes seconds and is not needed to list models.
        from fracture_core.registry.weights import load_weights

        card = self.card(model_id)
        path = checked_file(self.root / model_id, card, card.weights)
        model = load_weights(path, card.architecture, card.input)
        check_heatmap_layer(card, model)
        return card, model

    def heads(self, model_id: str) -> AuxiliaryHeads | None:
        """Load the auxiliary heads of a model, after checking them against its card.

        Args:
            model_id: Id of the model.

        Returns:
            The auxiliary heads; None if the model has none.

        Raises:
            ModelError: The model is unknown, or the heads do not match the card.
        """
        # Imported here, because it is not needed to list models.
        from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads

        card = self.card(model_id)
        if card.heads is None:
            return None
        return AuxiliaryHeads.load(checked_file(self.root / model_id, card, card.heads))

    def neighbours(self, model_id: str) -> NeighbourIndex | None:
        """Load the index of similar training images of a model.

        Args:
            model_id: Id of the model.

        Returns:
            The index; None if there is none for the current weights.

        Raises:
            ModelError: The model is unknown, or the index cannot be read.
        """
        from fracture_core.similar.neighbour_index import NeighbourIndex

        card = self.card(model_id)
        path = self.root / model_id / NEIGHBOURS_NAME
        if not path.is_file():
            return None
        index = NeighbourIndex.load(path)
        return index if index.weights == card.weights.sha256 else None

    def verify(self, model_id: str) -> float:
        """Check the hashes and the reference prediction of a model, computed by its exported network.

        Args:
            model_id: Id of the model.

        Returns:
            Absolute difference between the computed reference logit and that of the card.

        Raises:
            ModelError: A check fails.
        """
        from fracture_core.registry.exported_network import ExportedNetwork
        from fracture_core.registry.network_files import exported_network_path
        from fracture_core.registry.reference_prediction import LOGIT_TOLERANCE, reference_input

        card = self.card(model_id)
        network = ExportedNetwork(exported_network_path(self.root / model_id, card))
        self.heads(model_id)
        difference = abs(network.run(reference_input(card.input)[0]).logit - card.golden)
        if not difference <= LOGIT_TOLERANCE:
            raise ModelError(
                f"The reference prediction of {model_id} differs from its card by {difference:.4f} (expected logit "
                f"{card.golden:.4f}): do not use it on this computer, and report the version of LiteRT."
            )
        return difference

    def model_in_use(self) -> str:
        """Return the id of the model in use: the chosen one, else the shipped one, else the first.

        Raises:
            ModelError: There is no model.
        """
        ids = self.ids()
        for model_id in (self._read_in_use().model, SHIPPED_MODEL, *ids):
            if model_id in ids:
                return model_id
        raise ModelError(f"There is no model in {self.root}: train one or load weights.")

    def use(self, model_id: str, reason: str = "", checks_failed: Sequence[str] = ()) -> None:
        """Put a model in use after verifying it. The change is atomic.

        Release checks are run by `training.release.put_in_use`, which calls this method.

        Args:
            model_id: Id of the model.
            reason: Why it is put in use despite failed checks; stored in the history.
            checks_failed: Names of the failed release checks; stored in the history.

        Raises:
            ModelError: The model is unknown, fails its verification, or was changed during it.
        """
        self._use(model_id, USE, reason, checks_failed)

    def history(self) -> tuple[ModelChange, ...]:
        """Return all changes of the model in use, oldest first.

        Raises:
            ModelError: The history is damaged.
        """
        in_use = self._read_in_use()
        if in_use.damaged:
            raise ModelError(
                f"{_IN_USE} in {self.root} is damaged, so the history of the model in use cannot be read. Put a model "
                "in use to start a new history; a copy of the damaged file is kept."
            )
        return in_use.changes

    def previous(self) -> str | None:
        """Find the model that `restore_previous` returns to: the previous model, else the shipped one.

        A renamed model is found by the hash of its weights.

        Returns:
            Its id; None if there is no previous model.

        Raises:
            ModelError: The previous model was deleted or replaced.
        """
        before = previous_model(self._read_in_use().changes)
        if before is None:
            return (
                SHIPPED_MODEL
                if SHIPPED_MODEL in self.ids() and self.model_in_use() != SHIPPED_MODEL
                else None
            )
        model_id = self._find(before)
        if model_id is None:
            state = "was replaced by another one" if before.id in self.ids() else "was deleted"
            raise ModelError(f"The previous model, {before.id}, {state}: put another model in use.")
        return model_id

    def restore_previous(self) -> str:
        """Return to the previous model; no reason is required.

        Returns:
            The id of the model now in use.

        Raises:
            ModelError: There is no previous model, or it was deleted, replaced or damaged.
        """
        model_id = self.previous()
        if model_id is None:
            raise ModelError(
                f"There is no earlier model to return to: {self.model_in_use()} is the first one."
            )
        try:
            self._use(model_id, BACK)
        except ModelError as error:
            raise ModelError(
                f"The previous model, {model_id}, cannot be put in use again: {error}"
            ) from error
        return model_id

    def _find(self, wanted: ModelRef) -> str | None:
        """Find a model by the hash of its weights, under its old id or another one."""
        refs = {model_id: self._ref(model_id) for model_id in self.ids()}
        same_name = refs.get(wanted.id)
        # The hash of a damaged model cannot be read; putting it in use then fails with the reason.
        if same_name and (same_name == wanted or not wanted.sha256 or not same_name.sha256):
            return wanted.id
        # A copy of the model in use is not an earlier model.
        refs.pop(self.model_in_use(), None)
        return next((name for name, ref in refs.items() if ref.sha256 == wanted.sha256 != ""), None)

    def _ref(self, model_id: str) -> ModelRef:
        try:
            return ModelRef(model_id, self.card(model_id).weights.sha256)
        except ModelError:
            return ModelRef(model_id)

    def _read_in_use(self) -> _InUse:
        """Read the file of the model in use; a missing or damaged file gives no model."""
        try:
            payload = parse_json((self.root / _IN_USE).read_text(encoding="utf-8"))
            model = payload["model"]
        except FileNotFoundError:
            return _InUse()
        except (ValueError, KeyError, TypeError):
            return _InUse(damaged=True)
        if not isinstance(model, str):
            return _InUse(damaged=True)
        try:
            return _InUse(model, tuple(ModelChange.from_json(entry) for entry in payload.get("history", [])))
        except (DataError, TypeError):
            return _InUse(model, damaged=True)

    def _use(self, model_id: str, action: str, reason: str = "", checks_failed: Sequence[str] = ()) -> None:
        from fracture_core.registry.network_files import exported_network_path

        card = self.card(model_id)
        if math.isfinite(card.golden):
            self.verify(model_id)
        else:
            # Without a reference logit only the files are checked; a release check reports this.
            exported_network_path(self.root / model_id, card)
            self.heads(model_id)
        with self._locked():
            # The verification takes seconds; another process may have changed the model meanwhile.
            if self.card(model_id).weights != card.weights:
                raise ModelError(f"The weights of {model_id} were changed during the check: try again.")
            if action == BACK and self.previous() != model_id:
                raise ModelError("Another user changed the model in use: check the history and try again.")
            before = self._ref(self.model_in_use())
            if before.id == model_id:
                self._write_in_use(model_id)
                return
            change = ModelChange(
                datetime.now(UTC).isoformat(timespec="seconds"),
                before,
                ModelRef(model_id, card.weights.sha256),
                action,
                " ".join(reason.split()),
                tuple(checks_failed),
            )
            self._write_in_use(model_id, change)

    def _write_in_use(self, model_id: str, *new: ModelChange) -> None:
        """Write the model in use and the history in one step."""
        in_use, path = self._read_in_use(), self.root / _IN_USE
        if in_use.damaged and path.read_bytes().strip():
            shutil.copyfile(path, path.with_name(f"{path.stem}.damaged-{uuid.uuid4().hex[:8]}{path.suffix}"))
        payload: dict[str, object] = {"model": model_id}
        if changes := [*in_use.changes, *new]:
            payload["history"] = [change.to_json() for change in changes]
        write_atomically(path, json.dumps(payload, ensure_ascii=False))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the store, so that no other process chooses, renames or deletes a model.

        Raises:
            ModelError: The folder cannot be written, or the lock is not released in time.
        """
        try:
            with FileLock(self.root / _LOCK, timeout=_LOCK_TIMEOUT):
                yield
        except Timeout:
            raise ModelError(
                f"The models in {self.root} are locked, because another process is changing them: try again."
            ) from None
        except (OSError, NotImplementedError) as error:
            raise ModelError(f"Cannot write to {self.root} ({error}): fix this and try again.") from error

    def add(self, result: Path) -> str:
        """Copy a model folder into the store and write its README.

        Args:
            result: A folder as written by `training.finish`; the README may be missing.

        Returns:
            The id of the model.

        Raises:
            ModelError: The folder is incomplete, or the id is taken.
        """
        card = ModelCard.load(result / CARD_NAME)
        check_model_name(card.id)
        for part in card.files:
            checked_file(result, card, part)
        self.check_id_is_free(card.id)
        self._copy_in(result, card)
        return card.id

    def update_card(self, model_id: str, change: Callable[[ModelCard], ModelCard]) -> None:
        """Change the card of a model, and its README.

        Args:
            model_id: Id of the model.
            change: Returns the new card, with the same id.

        Raises:
            ModelError: The model is unknown, or its folder cannot be written.
        """
        with self._locked():
            card, folder = change(self.card(model_id)), self.root / model_id
            try:
                write_atomically(folder / CARD_NAME, card.to_text())
                write_atomically(folder / README_NAME, render_readme(card))
            except OSError as error:
                raise ModelError(
                    f"Cannot write the card of {model_id} ({error.strerror or error}): free some space and try again."
                ) from error

    def rename(self, model_id: str, new: str) -> None:
        """Rename a model; a model in use stays in use.

        If the process is killed, the model is complete under the old id, the new id or both.

        Args:
            model_id: Id of the model.
            new: The new id.

        Raises:
            ModelError: The model is unknown or the shipped one, the new id is taken or invalid, or the model cannot be
                written.
        """
        check_model_name(new)
        if model_id == SHIPPED_MODEL:
            raise ModelError(f"{SHIPPED_MODEL} is the shipped model and cannot be renamed.")
        with self._locked():
            card = self.card(model_id)
            self.check_id_is_free(new)
            in_use = self.model_in_use() == model_id
            self._copy_in(self.root / model_id, replace(card, id=new))
            if in_use:
                self._write_in_use(new)
            self._remove(model_id)

    def delete(self, model_id: str) -> None:
        """Delete a model.

        Raises:
            ModelError: The model is unknown, in use, or the shipped one.
        """
        with self._locked():
            self.check_deletable(model_id)
            self._remove(model_id)

    def check_deletable(self, model_id: str) -> None:
        """Check that a model can be deleted.

        Raises:
            ModelError: The model is unknown, in use, or the shipped one.
        """
        if model_id not in self.ids():
            self.card(model_id)
        if model_id == SHIPPED_MODEL:
            raise ModelError(f"{SHIPPED_MODEL} is the shipped model and cannot be deleted.")
        if model_id == self.model_in_use():
            raise ModelError(f"{model_id} is in use: put another model in use first.")

    def _copy_in(self, source: Path, card: ModelCard) -> None:
        """Copy a model into the store under the id of its card, in one atomic step."""
        # Unique, because two processes may add models with the same id.
        partial = self.root / f"{_ADDING}{card.id}.{uuid.uuid4().hex}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()
            shutil.copytree(source, partial)
            card.save(partial / CARD_NAME)
            (partial / README_NAME).write_text(render_readme(card), encoding="utf-8")
            partial.rename(self.root / card.id)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise ModelError(
                f"Cannot write {card.id} to {self.root} ({error.strerror or error}): free some space or choose another "
                "name."
            ) from error

    def _remove(self, model_id: str) -> None:
        """Remove a model in one atomic step, then delete its files."""
        removed = self.root / f"{_REMOVING}{model_id}.{uuid.uuid4().hex}"
        try:
            (self.root / model_id).rename(removed)
        except OSError as error:
            raise ModelError(
                f"Cannot remove {model_id} from {self.root} ({error.strerror}): try again."
            ) from error
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Delete the folders that a killed process left behind."""
        for path in self.root.glob(f"{_REMOVING}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.root.glob(f"{_ADDING}*"):
            # Another process may have finished with it.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def check_id_is_free(self, model_id: str) -> None:
        """Check that an id is not taken.

        Raises:
            ModelError: There is a model, or a remaining folder, with this name.
        """
        # File systems of Windows and macOS are not case-sensitive.
        if self.root.is_dir() and model_id.casefold() in (
            path.name.casefold() for path in self.root.iterdir()
        ):
            raise ModelError(
                f"A model named {model_id} already exists: choose another name, or delete that model first."
            )


def check_heatmap_layer(card: ModelCard, model: keras.Model) -> None:
    """Check that a network has the layer that its card names for heatmaps.

    Raises:
        ModelError: The network has no such layer.
    """
    if card.heatmap_layer not in {layer.name for layer in model.layers}:
        raise ModelError(
            f"The network of {card.id} has no layer {card.heatmap_layer!r}, which its card names for the heatmap: add "
            "the model again."
        )


def check_model_name(model_id: str) -> None:
    """Check that a model id is a valid folder name.

    Args:
        model_id: The id.

    Raises:
        ModelError: The id contains other characters than ASCII letters, digits, dots, dashes and underscores, or has
            more than 64.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", model_id):
        raise ModelError(
            f"Expected a model name of at most 64 letters, digits, dots, dashes and underscores, but got "
            f"{model_id[:80]!r}: choose another name."
        )
