"""The models on this computer, and which of them is in use."""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from filelock import FileLock, Timeout

from fracture_core.errors import ModelError
from fracture_core.evaluation import predictions
from fracture_core.io.atomic_write import write_atomically
from fracture_core.registry.card import ModelCard, WeightsFile
from fracture_core.registry.hash import sha256_of_file
from fracture_core.registry.history import BACK, USE, ModelChange, ModelRef, previous_model
from fracture_core.registry.model_readme import README_NAME, render_readme

if TYPE_CHECKING:
    import keras

    from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
    from fracture_core.similar.neighbour_index import NeighbourIndex

#: The model that is in use until another is chosen.
SHIPPED_MODEL = "mobilenet_v2_map-fracatlas"

CARD_NAME, PREDICTIONS_NAME, NEIGHBOURS_NAME = "card.json", "predictions.csv", "neighbours.npz"
_IN_USE, _LOCK = "in_use.json", ".in_use.lock"

# Seconds; who holds the lock copies a model at most.
_PATIENCE = 30

# Folders of models on their way in and out, and the seconds after which nobody is at work on one any more.
_ADDING, _REMOVING = ".adding-", ".removing-"
_LEFTOVER_SECONDS = 24 * 3600


@dataclass(frozen=True)
class _Choice:
    """Content of the file that names the model in use; the history is in it, so both change in one write."""

    model: str = ""
    changes: tuple[ModelChange, ...] = ()
    damaged: bool = False


class ModelStore:
    """A folder with one folder a model: weights, card.json, predictions.csv.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.root = root

    def ids(self) -> list[str]:
        """Every model, by name."""
        names = (path.parent.name for path in self.root.glob(f"*/{CARD_NAME}"))
        return sorted(name for name in names if not name.startswith("."))

    def card(self, model_id: str) -> ModelCard:
        """A model's card.

        Raises:
            ModelError: the model is unknown or its card incomplete.
        """
        if model_id not in self.ids():
            known = ", ".join(self.ids()) or "none at all"
            raise ModelError(
                f"Expected one of the models here ({known}), but got {model_id!r}: check the name."
            )
        return ModelCard.load(self.root / model_id / CARD_NAME)

    def predictions(self, model_id: str) -> pd.DataFrame:
        """What the model said of its validation and test films; see `evaluation.predictions`.

        Raises:
            ModelError: the model is unknown.
            DataError: there is no table, or it is broken.
        """
        self.card(model_id)
        return predictions.read_predictions(self.root / model_id / PREDICTIONS_NAME)

    def has_predictions(self, model_id: str) -> bool:
        """Whether there is a table of what the model said of its films."""
        return (self.root / model_id / PREDICTIONS_NAME).is_file()

    def load(self, model_id: str) -> tuple[ModelCard, keras.Model]:
        """A model ready to be asked, after its weights were checked against its card.

        Raises:
            ModelError: the model is unknown, incomplete, or its weights are not those of the card.
        """
        # Loading Keras takes seconds, and lists and records do without it.
        from fracture_core.registry.weights import load_weights

        card = self.card(model_id)
        path = checked_file(self.root / model_id, card, card.weights)
        model = load_weights(path, card.architecture, card.input)
        if card.heatmap_layer not in {layer.name for layer in model.layers}:
            raise ModelError(
                f"Expected the card of {model_id} to name a layer of its network for the heatmap, but it names "
                f"{card.heatmap_layer!r}: add the model again."
            )
        return card, model

    def heads(self, model_id: str) -> AuxiliaryHeads | None:
        """The second heads of a model, checked against its card; None for a model without.

        Raises:
            ModelError: the model is unknown, or its heads are not those of the card.
        """
        # They need a numerical library or two that lists and records do without.
        from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads

        card = self.card(model_id)
        if card.heads is None:
            return None
        return AuxiliaryHeads.load(checked_file(self.root / model_id, card, card.heads))

    def neighbours(self, model_id: str) -> NeighbourIndex | None:
        """Where the training films of a model lie among one another; None where nobody built that for its weights.

        Raises:
            ModelError: the model is unknown, or its index cannot be read.
        """
        from fracture_core.similar.neighbour_index import NeighbourIndex

        card = self.card(model_id)
        path = self.root / model_id / NEIGHBOURS_NAME
        if not path.is_file():
            return None
        index = NeighbourIndex.load(path)
        return index if index.weights == card.weights.sha256 else None

    def verify(self, model_id: str) -> float:
        """Checks a model's hashes and its golden prediction.

        Returns:
            The difference between the logit it gives and the one its card states.

        Raises:
            ModelError: either check fails.
        """
        from fracture_core.registry.reference_prediction import LOGIT_TOLERANCE, reference_logit

        card, model = self.load(model_id)
        self.heads(model_id)
        difference = abs(reference_logit(model, card.input) - card.golden)
        if not difference <= LOGIT_TOLERANCE:
            raise ModelError(
                f"Expected {model_id} to give the logit {card.golden:.4f} for the golden pattern, but it is off by "
                f"{difference:.4f}: do not use it on this computer, and report the versions of TensorFlow and Keras."
            )
        return difference

    def model_in_use(self) -> str:
        """The model that answers: the chosen one, else the shipped one, else any.

        Raises:
            ModelError: there is no model at all.
        """
        ids = self.ids()
        for model_id in (self._choice().model, SHIPPED_MODEL, *ids):
            if model_id in ids:
                return model_id
        raise ModelError(f"Expected a model in {self.root}, but there is none: train one or load weights.")

    def use(self, model_id: str, reason: str = "", checks_failed: Sequence[str] = ()) -> None:
        """Puts a model in use, after verifying it; readers see the old choice or the new, never neither.

        No release check is made here: `training.release.put_in_use` makes them and calls this.

        Args:
            model_id: the model.
            reason: why it is put in use although it fails a check; kept in the history.
            checks_failed: names of the release checks that it fails; kept likewise.

        Raises:
            ModelError: the model is unknown, fails its check, or is another one after it.
        """
        self._use(model_id, USE, reason, checks_failed)

    def history(self) -> tuple[ModelChange, ...]:
        """Every change of the model in use, oldest first.

        Raises:
            ModelError: the file that holds it is damaged.
        """
        choice = self._choice()
        if choice.damaged:
            raise ModelError(
                f"{_IN_USE} in {self.root} is damaged, so the history of the model in use cannot be read: put a model "
                "in use to start a new history. The damaged file is kept beside it."
            )
        return choice.changes

    def previous(self) -> str | None:
        """The model that `back` returns to: the one before the model in use, else the shipped one.

        A model that was renamed since is found by its weights.

        Returns:
            Its id; None where there is no earlier model.

        Raises:
            ModelError: it was deleted or replaced.
        """
        before = previous_model(self._choice().changes)
        if before is None:
            return (
                SHIPPED_MODEL
                if SHIPPED_MODEL in self.ids() and self.model_in_use() != SHIPPED_MODEL
                else None
            )
        found = self._find(before)
        if found is None:
            state = "was replaced by another one" if before.id in self.ids() else "was deleted"
            raise ModelError(
                f"The previous model, {before.id}, {state} and cannot be returned to: put another model in use."
            )
        return found

    def back(self) -> str:
        """Returns to the previous model; no reason is needed.

        Returns:
            Its id.

        Raises:
            ModelError: there is no earlier model, or it was deleted, replaced or damaged.
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
        """A model of the past by its weights, under its old name or another."""
        refs = {model_id: self._ref(model_id) for model_id in self.ids()}
        same_name = refs.get(wanted.id)
        # A damaged model has no readable hash; putting it in use then fails with the reason.
        if same_name and (same_name == wanted or not wanted.sha256 or not same_name.sha256):
            return wanted.id
        # A copy of the model in use is no other model to return to.
        refs.pop(self.model_in_use(), None)
        return next((name for name, ref in refs.items() if ref.sha256 == wanted.sha256 != ""), None)

    def _ref(self, model_id: str) -> ModelRef:
        try:
            return ModelRef(model_id, self.card(model_id).weights.sha256)
        except ModelError:
            return ModelRef(model_id)

    def _choice(self) -> _Choice:
        """What was chosen; nothing where the file is missing or damaged."""
        try:
            payload = json.loads((self.root / _IN_USE).read_text(encoding="utf-8"))
            model = payload["model"]
        except FileNotFoundError:
            return _Choice()
        except (ValueError, KeyError, TypeError):
            return _Choice(damaged=True)
        if not isinstance(model, str):
            return _Choice(damaged=True)
        try:
            return _Choice(model, tuple(ModelChange.from_json(line) for line in payload.get("history", [])))
        except (ValueError, KeyError, TypeError):
            return _Choice(model, damaged=True)

    def _use(self, model_id: str, action: str, reason: str = "", checks_failed: Sequence[str] = ()) -> None:
        card = self.card(model_id)
        if math.isfinite(card.golden):
            self.verify(model_id)
        else:
            # There is nothing to compare with; a release check says so, and its reason is kept.
            self.load(model_id)
            self.heads(model_id)
        with self._locked():
            # The check takes seconds, in which somebody may have renamed or deleted it.
            if self.card(model_id).weights != card.weights:
                raise ModelError(
                    f"Expected {model_id} as it was checked, but its weights are others by now: try again."
                )
            if action == BACK and self.previous() != model_id:
                raise ModelError(
                    "Another user changed the model in use meanwhile: look at the history first."
                )
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
        """Names the model in use and adds to the history, in one write."""
        choice, path = self._choice(), self.root / _IN_USE
        if choice.damaged and path.read_bytes().strip():
            shutil.copyfile(path, path.with_name(f"{path.stem}.damaged-{uuid.uuid4().hex[:8]}{path.suffix}"))
        payload: dict[str, object] = {"model": model_id}
        if changes := [*choice.changes, *new]:
            payload["history"] = [change.to_json() for change in changes]
        write_atomically(path, json.dumps(payload, ensure_ascii=False))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else chooses, renames or deletes a model meanwhile.

        Raises:
            ModelError: the folder cannot be written, or somebody else has been at it for long.
        """
        try:
            with FileLock(self.root / _LOCK, timeout=_PATIENCE):
                yield
        except Timeout:
            raise ModelError(
                f"Expected the models in {self.root} to be free within {_PATIENCE} s, but another process is changing "
                "them: try again."
            ) from None
        except (OSError, NotImplementedError) as error:
            raise ModelError(
                f"Expected to write to {self.root}, but the disk said “{error}”: mend that and try again."
            ) from error

    def add(self, result: Path) -> str:
        """Takes a model folder in, with a README written from its card; a model of the same name is refused.

        Args:
            result: a folder as `training.finish` writes it; the README may be missing.

        Returns:
            The model's id.

        Raises:
            ModelError: the folder is incomplete or the name is taken.
        """
        card = ModelCard.load(result / CARD_NAME)
        check_model_name(card.id)
        for part in (card.weights, card.heads):
            if part is not None:
                checked_file(result, card, part)
        self.refuse_taken(card.id)
        self._copy_in(result, card)
        return card.id

    def rename(self, model_id: str, new: str) -> None:
        """Gives a model another name; where it is in use it stays so.

        Whatever ends this in the middle, the model is there whole, by one name or by both.

        Args:
            model_id: the model.
            new: its name from now on.

        Raises:
            ModelError: the model is unknown or the shipped one, the name is taken or unfit, or the disk refuses.
        """
        check_model_name(new)
        if model_id == SHIPPED_MODEL:
            raise ModelError(
                f"Expected a model of yours, but {SHIPPED_MODEL} came with the app: its name stays as it is."
            )
        with self._locked():
            card = self.card(model_id)
            self.refuse_taken(new)
            in_use = self.model_in_use() == model_id
            self._copy_in(self.root / model_id, replace(card, id=new))
            if in_use:
                self._write_in_use(new)
            self._remove(model_id)

    def delete(self, model_id: str) -> None:
        """Deletes a model.

        Raises:
            ModelError: the model is unknown, in use, or the shipped one.
        """
        with self._locked():
            self.refuse_needed(model_id)
            self._remove(model_id)

    def refuse_needed(self, model_id: str) -> None:
        """Refuses to do without a model.

        Raises:
            ModelError: it is unknown, in use, or the shipped one.
        """
        if model_id not in self.ids():
            self.card(model_id)
        if model_id == SHIPPED_MODEL:
            raise ModelError(
                f"Expected a model of yours, but {SHIPPED_MODEL} came with the app, which falls back on it: it stays."
            )
        if model_id == self.model_in_use():
            raise ModelError(
                f"Expected a model at rest, but {model_id} is in use: put another one in use first."
            )

    def _copy_in(self, source: Path, card: ModelCard) -> None:
        """Copies a model in, under the name that its card gives; nobody sees it before it is whole."""
        # Of its own, for two may come by one name at once.
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
                f"Expected to write {card.id} to {self.root}, but the disk said “{error.strerror or error}”: free some "
                "space, or choose another name."
            ) from error

    def _remove(self, model_id: str) -> None:
        """Takes a model out at one stroke; its files go after that."""
        gone = self.root / f"{_REMOVING}{model_id}.{uuid.uuid4().hex}"
        try:
            (self.root / model_id).rename(gone)
        except OSError as error:
            raise ModelError(
                f"Expected to remove {model_id} from {self.root}, but the disk said “{error.strerror}”: try again."
            ) from error
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Clears away what a process left behind that was ended in the middle."""
        for path in self.root.glob(f"{_REMOVING}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.root.glob(f"{_ADDING}*"):
            # Another process may be done with it in the meantime.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def refuse_taken(self, model_id: str) -> None:
        """Refuses a name that a model, or what is left of one, has already.

        Raises:
            ModelError: it is taken.
        """
        # Disks of Windows and macOS do not tell capital letters from small ones.
        if self.root.is_dir() and model_id.casefold() in (
            path.name.casefold() for path in self.root.iterdir()
        ):
            raise ModelError(
                f"Expected a new name, but {model_id} is here already: choose another, or delete that model first."
            )


def check_model_name(model_id: str) -> None:
    """Refuses a name that is no plain name of a folder.

    Raises:
        ModelError: it holds other letters than those of the rule, or is too long.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", model_id):
        raise ModelError(
            f"Expected a model name of letters, digits, dots, dashes and underscores, at most 64, but got "
            f"{model_id[:80]!r}: choose another."
        )


def checked_file(folder: Path, card: ModelCard, part: WeightsFile) -> Path:
    """A file of a model's folder, after its place and its hash were checked.

    Raises:
        ModelError: it lies elsewhere, is missing, or was changed.
    """
    path = folder / part.file
    if path.parent.resolve() != folder.resolve():
        raise ModelError(
            f"Expected the weights beside the card of {card.id}, but it names {part.file}: do not use this model."
        )
    if not path.is_file():
        raise ModelError(f"Expected weights at {path}, but there is no such file: add the model again.")
    if sha256_of_file(path) != part.sha256:
        raise ModelError(
            f"Expected the weights of {card.id} as its card describes them, but {path.name} was changed: "
            "restore the file or add the model again."
        )
    return path
