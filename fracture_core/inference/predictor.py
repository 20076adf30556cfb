"""The one service behind the page and the command line: a film in, an `Opinion` out."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from scipy.special import expit

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.explain.explainer import Explainer, HeatmapRequest
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.heatmap_agreement import HeatmapAgreement, compare_heatmaps
from fracture_core.explain.methods import FRACTURE_MAP, GRAD_CAM, HEATMAP_METHODS, HeatmapMethod
from fracture_core.explain.peak import find_peak
from fracture_core.imaging import (
    STRONG_EVIDENCE,
    InputSpec,
    LetterboxTransform,
    PackedPixels,
    QualityCheck,
    QualityState,
    Radiograph,
    blend_heatmap,
    check_quality,
    encode_png,
    find_contours,
    prepare_input,
    read_radiograph,
    render_layer,
)
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import ModelStore
from fracture_core.vocabulary import Verdict
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER
from fracture_core.zoo.model_views import logit_view

#: Pixels on the longer side of a picture, or a heatmap, for the screen.
SCREEN_SIDE = 1200

#: Pixels on the longer side of a thumbnail.
THUMBNAIL_SIDE = 240


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Where a model found evidence for a fracture.

    Attributes:
        grid: float32 (rows, columns) on the model's grid over the canvas, 0 or more: evidence in units of the
            logit, or probabilities.
        scale: the value that is drawn in full colour.
        placement: from the canvas back to the film.
    """

    grid: np.ndarray
    scale: float
    placement: LetterboxTransform

    @property
    def has_evidence(self) -> bool:
        """Whether there is any positive evidence."""
        return bool(self.grid.max() > 0)

    def to_film(self) -> np.ndarray:
        """The map over the original pixels, float32 (height, width) on the fixed scale, 1 = full colour."""
        return self.placement.to_source(self.grid) / np.float32(self.scale)

    @property
    def strength(self) -> float:
        """The strongest point as a share of the scale; beyond 1 colour says no more."""
        return float(self.grid.max() / self.scale)

    @cached_property
    def layer(self) -> bytes:
        """The map alone as a transparent PNG of the film's shape, to be stretched over the film."""
        return encode_png(render_layer(self.resized(_fit_size(SCREEN_SIDE, self.placement.source))))

    @cached_property
    def contours(self) -> list[list[list[float]]]:
        """Lines around the places that reach `STRONG_EVIDENCE`, each a list of [x, y] in pixels of the original
        film.
        """
        screen = self.resized(_fit_size(SCREEN_SIDE, self.placement.source))
        stretch = self.placement.source[1] / screen.shape[1], self.placement.source[0] / screen.shape[0]
        return [np.round(line * stretch, 1).tolist() for line in find_contours(screen, STRONG_EVIDENCE)]

    def resized(self, size: tuple[int, int]) -> np.ndarray:
        """`to_film` for a film that was shrunk to (height, width)."""
        return replace(self.placement, source=size).to_source(self.grid) / np.float32(self.scale)

    def peak(self) -> tuple[int, int] | None:
        """x, y of the strongest point in pixels of the original film; None without positive evidence."""
        return find_peak(self.grid, self.placement)


@dataclass(frozen=True, eq=False)
class Opinion:
    """What a model says about one film.

    Attributes:
        film: the film.
        gate: whether it can be judged; a refused film has no probability.
        probability: calibrated, of *fracture*, 0–1; None for a refused film.
        verdict: from the probability and the card's thresholds; None for a refused film.
        heat: where the model looked; None where it was not asked for or the film was refused.
        fracture_map: probability of a fracture cell by cell, for a network that was taught where fractures
            lie; None otherwise and like `heat`.
        features: float32 (channels,), what the network's middle layer saw, by which films are compared; None for a
            refused film and for an architecture without feature layers.
        regions: the body regions that the film shows by the model's second head, with probabilities, the
            likeliest first; empty where none is likely or the model has no such head.
        card: the model's card, with thresholds, record and limits.
        seconds: how long each step took, by name; "all" is the sum.
    """

    film: Radiograph
    gate: QualityCheck
    probability: float | None
    verdict: Verdict | None
    heat: Heatmap | None
    card: ModelCard
    regions: tuple[tuple[str, float], ...] = ()
    fracture_map: Heatmap | None = None
    features: np.ndarray | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def render_overlay(
        self, opacity: float, heat: Heatmap | None = None, pixels: int = SCREEN_SIDE
    ) -> np.ndarray:
        """The film with a heatmap over it.

        Args:
            opacity: 0–1; 0 shows the bare film.
            heat: which map, one of this opinion's; Grad-CAM unless given.
            pixels: on the longer side, at most.

        Returns:
            uint8 RGB (height, width, 3).
        """
        shown, film = heat or self.heat, _shrink(self.film.shown, pixels)
        heated = np.zeros_like(film) if shown is None else shown.resized((film.shape[0], film.shape[1]))
        return blend_heatmap(film, heated, opacity)

    @cached_property
    def thumbnail(self) -> np.ndarray:
        """The bare film for a strip of many, uint8 (height, width), at most `THUMBNAIL_SIDE` pixels on a side."""
        return np.rint(np.clip(_shrink(self.film.shown, THUMBNAIL_SIDE), 0, 1) * 255).astype(np.uint8)

    def shrunk(self) -> Opinion:
        """The same opinion with the film at the size of a thumbnail: what is kept of each of many films."""
        small = replace(
            self.film, pixels=_shrink(self.film.shown, THUMBNAIL_SIDE), shuttered=None, displayed=None
        )
        return replace(self, film=small)

    def to_json(self) -> dict[str, Any]:
        """The opinion as plain JSON values; the same fields in the app and on the command line."""
        return {
            "probability": None if self.probability is None else round(self.probability, 6),
            "verdict": self.verdict.value if self.verdict else None,
            "model": self.card.id,
            "model_sha256": self.card.weights.sha256,
            "gate": {"state": self.gate.state.value, "reasons": list(self.gate.reasons)},
            "regions": [name for name, _ in self.regions],
            "region_probabilities": {name: round(chance, 4) for name, chance in self.regions},
            "peak": self._peak_in_file(),
            "seconds": round(self.seconds["all"], 3),
        }

    def _peak_in_file(self) -> tuple[int, int] | None:
        """x, y of the strongest point in pixels of the file; None where there is none."""
        peak = self.heat.peak() if self.heat else None
        if peak is None:
            return None
        x, y = self.film.to_file(np.array(peak) + 0.5)
        return int(x), int(y)

    @cached_property
    def packed_pixels(self) -> PackedPixels:
        """The film's grey values for a viewer that draws them itself."""
        return PackedPixels.of(self.film.shown)

    @property
    def methods(self) -> tuple[HeatmapMethod, ...]:
        """The ways to ask where the model looked that it has a scale for; see `Predictor.explain`."""
        own = {GRAD_CAM.name} | ({FRACTURE_MAP.name} if self.fracture_map else set())
        return tuple(
            method
            for method in HEATMAP_METHODS.values()
            if method.name in own | set(self.card.heatmap_scales)
        )

    @cached_property
    def _heatmaps(self) -> dict[HeatmapRequest, Heatmap]:
        """The maps asked for so far; the first two come with the opinion."""
        first = {(GRAD_CAM.name, 1): self.heat, (FRACTURE_MAP.name, 1): self.fracture_map}
        return {wanted: heat for wanted, heat in first.items() if heat is not None}


class Predictor:
    """A model that has been loaded and warmed, ready to give opinions. Safe to share between threads.

    Args:
        store: the models on this computer.
        model_id: which of them; None for the one in use.

    Raises:
        ModelError: the model is unknown or its weights are not those of its card.
    """

    def __init__(self, store: ModelStore, model_id: str | None = None):
        model_id = model_id or store.model_in_use()
        self.card, model = store.load(model_id)
        self._heads = store.heads(model_id)
        features = pooled_features(model, find_architecture(self.card.architecture))
        self._mapped = FRACTURE_MAP_LAYER in {layer.name for layer in model.layers}
        maps = [model.get_layer(FRACTURE_MAP_LAYER).output] if self._mapped else []
        logit = logit_view(model).output
        self._view = keras.Model(model.input, [logit, *features] if features else logit)
        self._cam = GradCam(model, self.card.heatmap_layer, [*features, *maps])
        self._explainer = Explainer(model, self._cam.cut, self.card.input)
        # Two, so that no opinion waits for a method that takes seconds.
        self._lock, self._explaining = threading.Lock(), threading.Lock()
        blank = _blank_input(self.card.input)
        self._view.predict_on_batch(blank)
        self._cam.explain(blank)

    def predict(
        self, source: bytes | Path | Radiograph, heatmap: bool = True, ignore_scope: bool = False
    ) -> Opinion:
        """Judges one film.

        Args:
            source: the film, or a file or its bytes.
            heatmap: whether to compute where the model looked.
            ignore_scope: whether to judge an image whose DICOM header places it outside the scope of the model. The
                gate then warns and keeps `out_of_scope`.

        Returns:
            The opinion; without probability where the gate refuses the film or it is out of scope.

        Raises:
            ImageReadError: the file is not one radiograph.
        """
        clock = _Clock()
        film = source if isinstance(source, Radiograph) else read_radiograph(source, any_modality=True)
        clock.lap("read")
        gate = check_quality(film, regions=tuple(self.card.test_regions))
        if gate.out_of_scope and not ignore_scope:
            gate = replace(gate, state=QualityState.REFUSE)
        clock.lap("gate")
        if gate.state is QualityState.REFUSE:
            return Opinion(film, gate, None, None, None, self.card, seconds=clock.laps())
        inputs, placement = prepare_input(film, self.card.input)
        clock.lap("prepare")
        heat = fracture_map = None
        # The heatmap library keeps state while it works; one film at a time.
        with self._lock:
            if heatmap:
                logits, evidence, features = self._cam.explain(inputs[None])
                heat = Heatmap(evidence[0], self.card.heatmap_scale or 1.0, placement)
                if self._mapped:
                    fracture_map = Heatmap(expit(features.pop()[0, ..., 0]), 1.0, placement)
            else:
                found = self._view.predict_on_batch(inputs[None])
                logit, *features = found if isinstance(found, list) else (found,)
                logits = logit[:, 0]
        clock.lap("model")
        regions: tuple[tuple[str, float], ...] = ()
        middle, deepest = (np.asarray(feature[0]) for feature in features) if features else (None, None)
        if self._heads is not None and middle is not None and deepest is not None:
            gate = self._heads.check_features(gate, middle, deepest)
            if gate.state is QualityState.REFUSE:
                return Opinion(film, gate, None, None, None, self.card, seconds=clock.laps())
            regions = self._heads.predict_regions(middle)
        probability = float(self.card.calibration.apply(float(logits[0])))
        verdict = self.card.thresholds.verdict(probability)
        return Opinion(
            film, gate, probability, verdict, heat, self.card, regions, fracture_map, middle, clock.laps()
        )

    def explain(self, opinion: Opinion, method: str, label: int = 1) -> Heatmap:
        """Where the model looked, by another method; kept with the opinion, so that it is computed once.

        Args:
            opinion: of this reader, with a heatmap.
            method: name of one of `opinion.methods`.
            label: 1 for evidence for *fracture*, 0 for *no fracture*.

        Returns:
            The map on its fixed scale, the same for both labels.

        Raises:
            ValueError: the method cannot speak for the label.
        """
        return self._explain_all(opinion, [(method, label)])[method, label]

    def compare_methods(self, opinion: Opinion) -> tuple[dict[str, Heatmap], HeatmapAgreement]:
        """Every method on evidence for *fracture*, by name, and whether they point at one place."""
        wanted = [(method.name, 1) for method in opinion.methods]
        heats = {name: heat for (name, _), heat in self._explain_all(opinion, wanted).items()}
        placement = next(iter(heats.values())).placement
        return heats, compare_heatmaps({name: heat.grid for name, heat in heats.items()}, placement)

    def _explain_all(
        self, opinion: Opinion, wanted: Sequence[HeatmapRequest]
    ) -> dict[HeatmapRequest, Heatmap]:
        kept = opinion._heatmaps
        if any(one not in kept for one in wanted):
            inputs, placement = prepare_input(opinion.film, self.card.input)
            scales = {GRAD_CAM.name: self.card.heatmap_scale or 1.0, **self.card.heatmap_scales}
            with self._explaining:
                grids = self._explainer.heatmaps(inputs[None], [one for one in wanted if one not in kept])
            for (name, label), grid in grids.items():
                kept[name, label] = Heatmap(grid, scales[name], placement)
        return {one: kept[one] for one in wanted}


class _Clock:
    """Seconds between laps."""

    def __init__(self) -> None:
        self._laps: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = now - self._last
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "all": self._last - self._began}


def _fit_size(pixels: int, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) shrunk to so many pixels on the longer side."""
    shrink = min(1.0, pixels / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _shrink(film: np.ndarray, pixels: int) -> np.ndarray:
    """A film with at most so many pixels on the longer side."""
    height, width = _fit_size(pixels, (film.shape[0], film.shape[1]))
    return np.asarray(cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA))


def _blank_input(spec: InputSpec) -> np.ndarray:
    return np.zeros((1, spec.height, spec.width, spec.channels), np.float32)
