"""Predictions of one image: `Predictor` loads a model and returns an `Opinion` for the app and the command line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from fracture_core.explain.heatmap_agreement import HeatmapAgreement, compare_heatmaps
from fracture_core.explain.methods import (
    FRACTURE_MAP,
    GRAD_CAM,
    HEATMAP_METHODS,
    HeatmapMethod,
    HeatmapRequest,
)
from fracture_core.explain.peak import find_peak
from fracture_core.explain.trust_record import default_method
from fracture_core.findings import Finding, find_candidates
from fracture_core.imaging import (
    STRONG_EVIDENCE,
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
from fracture_core.inference.explainer_process import ExplainerProcess
from fracture_core.installation import has_tensorflow
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork, NetworkOutput
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import ModelStore
from fracture_core.vocabulary import Verdict

#: Longer side of an image or heatmap for the screen, in pixels.
SCREEN_SIDE = 1200

#: Longer side of a thumbnail, in pixels.
THUMBNAIL_SIDE = 240

_GRAD_CAM_REQUEST = (GRAD_CAM.name, 1)


@dataclass(frozen=True, eq=False)
class Heatmap:
    """Evidence for a fracture on one image.

    Attributes:
        grid: Heatmap on the canvas, float32 (rows, columns), 0 or more: evidence in units of the logit, or
            probabilities.
        scale: Value that is drawn in full colour.
        transform: Transform between image and canvas.

    Example:
        >>> grid = np.zeros((8, 8), np.float32)
        >>> grid[2, 5] = 1.0
        >>> heatmap = Heatmap(grid, 2.0, LetterboxTransform.fit(source=(160, 160), canvas=(64, 64)))
        >>> heatmap.peak(), heatmap.strength
        ((110, 50), 0.5)
    """

    grid: NDArray[np.float32]
    scale: float
    transform: LetterboxTransform

    @property
    def has_evidence(self) -> bool:
        """Whether there is any positive evidence."""
        return bool(self.grid.max() > 0)

    def to_film(self) -> NDArray[np.float32]:
        """Resample the heatmap to the original pixels.

        Returns:
            float32 (height, width); 1 is drawn in full colour.
        """
        return np.asarray(self.transform.to_source(self.grid) / self.scale, np.float32)

    @property
    def strength(self) -> float:
        """The maximum as a fraction of the scale; values above 1 are drawn like 1."""
        return float(self.grid.max() / self.scale)

    @cached_property
    def layer(self) -> bytes:
        """The heatmap as a transparent PNG with the aspect ratio of the image."""
        return self.render_layer_at(SCREEN_SIDE)

    def render_layer_at(self, side: int) -> bytes:
        """Render the heatmap as a transparent PNG with the aspect ratio of the image.

        Args:
            side: Longest side in pixels; a smaller image keeps its size.
        """
        return encode_png(render_layer(self.resized(_fit_size(side, self.transform.source))))

    @cached_property
    def contours(self) -> list[list[list[float]]]:
        """Contours at `STRONG_EVIDENCE`, each a list of [x, y] in pixels of the original image."""
        screen = self.resized(_fit_size(SCREEN_SIDE, self.transform.source))
        stretch = self.transform.source[1] / screen.shape[1], self.transform.source[0] / screen.shape[0]
        return [np.round(line * stretch, 1).tolist() for line in find_contours(screen, STRONG_EVIDENCE)]

    def resized(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """Resample the heatmap to the image at another size.

        Args:
            size: Height and width in pixels.

        Returns:
            float32 (height, width); 1 is drawn in full colour.
        """
        return np.asarray(replace(self.transform, source=size).to_source(self.grid) / self.scale, np.float32)

    def peak(self) -> tuple[int, int] | None:
        """Return x, y of the peak in pixels of the original image; None without positive evidence."""
        return find_peak(self.grid, self.transform)


@dataclass(frozen=True, eq=False)
class Opinion:
    """Everything a model predicts about one image.

    Attributes:
        film: The radiograph.
        gate: Result of the quality and scope check. A refused image has no probability.
        probability: Calibrated probability of *fracture*, 0–1; None for a refused image.
        verdict: Verdict from the probability and the thresholds of the card; None for a refused image.
        heat: Grad-CAM heatmap; None if it was not requested or the image was refused.
        card: Card of the model.
        regions: Predicted body regions with probabilities, the most probable first; empty if none is probable or the
            model has no region head.
        fracture_map: Fracture probability of each cell; None like `heat`, or for a network without a fracture map.
        findings: Boxes around suspected fractures, the most confident first; empty for a refused image and for a model
            without findings.
        features: Features of the network's middle layer, float32 (channels,), for similarity search; None for a
            refused image and for an architecture without feature layers.
        seconds: Duration of each step in seconds by name; "all" is the sum.
    """

    film: Radiograph
    gate: QualityCheck
    probability: float | None
    verdict: Verdict | None
    heat: Heatmap | None
    card: ModelCard
    regions: tuple[tuple[str, float], ...] = ()
    fracture_map: Heatmap | None = None
    findings: tuple[Finding, ...] = field(default=(), kw_only=True)
    features: NDArray[np.float32] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def render_overlay(
        self, opacity: float, heat: Heatmap | None = None, pixels: int = SCREEN_SIDE
    ) -> NDArray[np.uint8]:
        """Render the image with a heatmap on top.

        Args:
            opacity: Opacity of the heatmap, 0–1.
            heat: Heatmap of this opinion; None for Grad-CAM.
            pixels: Maximum length of the longer side.

        Returns:
            RGB image, uint8 (height, width, 3).
        """
        heatmap, image = heat or self.heat, _shrink(self.film.shown, pixels)
        evidence = np.zeros_like(image) if heatmap is None else heatmap.resized(_size(image))
        return blend_heatmap(image, evidence, opacity)

    @cached_property
    def thumbnail(self) -> bytes:
        """The image as a PNG file, at most `THUMBNAIL_SIDE` pixels on a side."""
        return encode_png(_shrink(self.film.shown, THUMBNAIL_SIDE))

    def shrunk(self) -> Opinion:
        """Return the same opinion with the image at thumbnail size, to save memory."""
        small = replace(
            self.film,
            pixels=_shrink(self.film.shown, THUMBNAIL_SIDE),
            shuttered=None,
            displayed=None,
            values=None,
        )
        return replace(self, film=small)

    def to_json(self) -> dict[str, Any]:
        """Return the opinion as JSON values, with the fields of `predict --format json`."""
        return {
            "probability": None if self.probability is None else round(self.probability, 6),
            "verdict": self.verdict.value if self.verdict else None,
            "model": self.card.id,
            "model_sha256": self.card.weights.sha256,
            "gate": {
                "state": self.gate.state.value,
                "reasons": list(self.gate.reasons),
                "refusal": self.gate.refusal.value if self.gate.refusal else None,
            },
            "regions": [name for name, _ in self.regions],
            "region_probabilities": {name: round(probability, 4) for name, probability in self.regions},
            "peak": self._peak_in_file(),
            "seconds": round(self.seconds["all"], 3),
            "findings": [
                {
                    "box": self._box_in_file(finding),
                    "confidence": round(finding.confidence, 4),
                    "grade": finding.grade.value,
                }
                for finding in self.findings
            ],
        }

    def _box_in_file(self, finding: Finding) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in pixels of the file."""
        left, top, right, bottom = finding.pixels(self.film.height, self.film.width)
        corners = self.film.to_file(np.array([[left, top], [right, bottom]], float))
        (x0, y0), (x1, y1) = np.rint(corners).astype(int).tolist()
        return x0, y0, x1, y1

    def _peak_in_file(self) -> tuple[int, int] | None:
        """Return x, y of the peak in pixels of the file; None if there is none."""
        peak = self.heat.peak() if self.heat else None
        if peak is None:
            return None
        x, y = self.film.to_file(np.array(peak) + 0.5)
        return int(x), int(y)

    @cached_property
    def packed_pixels(self) -> PackedPixels:
        """The pixels for the image viewer in the browser, as pixel values if the file has windows for them."""
        return PackedPixels.of_radiograph(self.film)

    @property
    def methods(self) -> tuple[HeatmapMethod, ...]:
        """Heatmap methods available for `Predictor.explain`: those that have a scale on the card, the default first.

        Without TensorFlow, only those that the exported network contains.
        """
        available = {GRAD_CAM.name}
        if has_tensorflow():
            available.update(self.card.heatmap_scales)
        if self.fracture_map:
            available.add(FRACTURE_MAP.name)
        names = tuple(name for name in HEATMAP_METHODS if name in available)
        default = default_method(self.card.heatmap_trust, names)
        return tuple(HEATMAP_METHODS[name] for name in sorted(names, key=lambda name: name != default))

    @property
    def default_heatmap(self) -> tuple[HeatmapMethod, Heatmap | None]:
        """The heatmap that is shown first, of those that the opinion contains, and its method."""
        if self.fracture_map is not None and self.methods[0] == FRACTURE_MAP:
            return FRACTURE_MAP, self.fracture_map
        return GRAD_CAM, self.heat


class Predictor:
    """A loaded model that predicts images. Thread-safe, and without TensorFlow in this process.

    The exported network predicts. Where it contains no heatmap, and for the other heatmap methods, tf-keras-vis
    explains the network in a background process.

    Args:
        store: Models on this computer.
        model_id: Model to load; None for the model in use.

    Raises:
        ModelError: The model is unknown, its files do not match its card, or its network cannot be exported.
    """

    def __init__(self, store: ModelStore, model_id: str | None = None):
        model_id = model_id or store.model_in_use()
        self.card = store.card(model_id)
        self._heads = store.heads(model_id)
        self._network = ExportedNetwork(exported_network_path(store.root / model_id, self.card))
        self._explainer = ExplainerProcess(store, model_id, self.card.weights.sha256)
        # Heatmaps computed by `explain`, for as long as their opinion is in use.
        self._heatmaps: WeakKeyDictionary[Opinion, dict[HeatmapRequest, Heatmap]] = WeakKeyDictionary()

    def start_explainer(self) -> None:
        """Start the background process for heatmaps, so that the first one does not wait for TensorFlow."""
        self._explainer.start()

    @property
    def has_heatmap(self) -> bool:
        """Whether Grad-CAM follows from the exported network, without the background process."""
        return self._network.has_evidence

    def predict(
        self, source: bytes | Path | Radiograph, heatmap: bool = True, ignore_scope: bool = False
    ) -> Opinion:
        """Predict one image.

        Args:
            source: A radiograph, a file, or the content of a file.
            heatmap: Whether to compute a heatmap.
            ignore_scope: Whether to predict an image although it was refused: out of scope, poor, or not a radiograph.
                The quality check then warns and keeps its `refusal`.

        Returns:
            The opinion; without a probability if the image is refused or out of scope.

        Raises:
            ImageReadError: The file is not a single radiograph.
            SecondLookError: The heatmap needs the background process, and that ended before it was done.
        """
        stopwatch = _Stopwatch()
        film = source if isinstance(source, Radiograph) else read_radiograph(source, any_modality=True)
        stopwatch.lap("read")
        gate = check_quality(film, regions=tuple(self.card.test_regions))
        gate = gate.overrule() if ignore_scope else gate.withhold()
        stopwatch.lap("gate")
        if gate.state is QualityState.REFUSE:
            return Opinion(film, gate, None, None, None, self.card, seconds=stopwatch.laps())
        inputs, transform = prepare_input(film, self.card.input)
        stopwatch.lap("prepare")
        output = self._network.run(inputs)
        regions: tuple[tuple[str, float], ...] = ()
        if self._heads is not None and output.middle is not None and output.deepest is not None:
            gate = self._heads.check_features(gate, output.middle, output.deepest)
            if ignore_scope:
                gate = gate.overrule()
            if gate.state is QualityState.REFUSE:
                stopwatch.lap("model")
                return Opinion(film, gate, None, None, None, self.card, seconds=stopwatch.laps())
            regions = self._heads.predict_regions(output.middle)
        heat, fracture_map = self._heatmaps_of(inputs, output, transform) if heatmap else (None, None)
        findings = self._findings_of(output, transform)
        stopwatch.lap("model")
        probability = float(self.card.calibration.apply(output.logit))
        verdict = self.card.thresholds.verdict(probability)
        return Opinion(
            film,
            gate,
            probability,
            verdict,
            heat,
            self.card,
            regions,
            fracture_map,
            output.middle,
            stopwatch.laps(),
            findings=findings,
        )

    def with_heatmap(self, opinion: Opinion) -> Opinion:
        """Compute the heatmap of an opinion that was predicted without one.

        Args:
            opinion: Opinion of this predictor, with a probability.

        Returns:
            The same opinion with a heatmap.

        Raises:
            SecondLookError: The background process ended before it was done.
        """
        inputs, transform = prepare_input(opinion.film, self.card.input)
        heat, fracture_map = self._heatmaps_of(inputs, self._network.run(inputs), transform)
        return replace(opinion, heat=heat, fracture_map=fracture_map)

    def _findings_of(self, output: NetworkOutput, transform: LetterboxTransform) -> tuple[Finding, ...]:
        settings = self.card.findings
        if settings is None or output.fracture_map is None:
            return ()
        grid = np.asarray(scipy.special.expit(output.fracture_map), np.float32)
        return settings.grade(find_candidates(grid, transform, settings.extent, 0.99 * settings.min_peak))

    def _heatmaps_of(
        self, inputs: NDArray[np.float32], output: NetworkOutput, transform: LetterboxTransform
    ) -> tuple[Heatmap, Heatmap | None]:
        """Return Grad-CAM and the fracture map."""
        evidence = output.evidence
        if evidence is None:
            evidence = self._explainer.heatmaps(inputs[None], [_GRAD_CAM_REQUEST])[_GRAD_CAM_REQUEST]
        heat = Heatmap(evidence, self.card.heatmap_scale or 1.0, transform)
        if output.fracture_map is None:
            return heat, None
        return heat, Heatmap(scipy.special.expit(output.fracture_map), 1.0, transform)

    def explain(self, opinion: Opinion, method: str, label: int = 1) -> Heatmap:
        """Compute a heatmap of an opinion with another method. It is cached for as long as the opinion is in use.

        Args:
            opinion: Opinion of this predictor, with a heatmap.
            method: Name of one of `opinion.methods`.
            label: 1 for evidence for *fracture*, 0 for *no fracture*.

        Returns:
            The heatmap, with the scale of the method for both labels.

        Raises:
            ValueError: The method cannot explain the label.
        """
        return self._explain_all(opinion, [(method, label)])[method, label]

    def compare_methods(self, opinion: Opinion) -> tuple[dict[str, Heatmap], HeatmapAgreement]:
        """Compute the heatmaps of all methods for *fracture* and compare their peaks.

        Args:
            opinion: Opinion of this predictor, with a heatmap.

        Returns:
            The heatmaps by method, and their agreement.
        """
        requests = [(method.name, 1) for method in opinion.methods]
        heatmaps = {name: heatmap for (name, _), heatmap in self._explain_all(opinion, requests).items()}
        transform = next(iter(heatmaps.values())).transform
        grids = {name: heatmap.grid for name, heatmap in heatmaps.items()}
        return heatmaps, compare_heatmaps(grids, transform)

    def _explain_all(
        self, opinion: Opinion, requests: Sequence[HeatmapRequest]
    ) -> dict[HeatmapRequest, Heatmap]:
        heatmaps = self._cached_heatmaps(opinion)
        if any(request not in heatmaps for request in requests):
            inputs, transform = prepare_input(opinion.film, self.card.input)
            scales = {GRAD_CAM.name: self.card.heatmap_scale or 1.0, **self.card.heatmap_scales}
            missing = [request for request in requests if request not in heatmaps]
            for (name, label), grid in self._explainer.heatmaps(inputs[None], missing).items():
                heatmaps[name, label] = Heatmap(grid, scales[name], transform)
            self._heatmaps[opinion] = {**self._cached_heatmaps(opinion), **heatmaps}
        return {request: heatmaps[request] for request in requests}

    def _cached_heatmaps(self, opinion: Opinion) -> dict[HeatmapRequest, Heatmap]:
        """Return a copy of all heatmaps of an opinion so far, including those it was created with."""
        own = {(GRAD_CAM.name, 1): opinion.heat, (FRACTURE_MAP.name, 1): opinion.fracture_map}
        return {
            **{request: heatmap for request, heatmap in own.items() if heatmap is not None},
            **self._heatmaps.get(opinion, {}),
        }


class _Stopwatch:
    """Measures the seconds between laps."""

    def __init__(self) -> None:
        self._laps: dict[str, float] = {}
        self._start = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps[name] = now - self._last
        self._last = now

    def laps(self) -> dict[str, float]:
        return {**self._laps, "all": self._last - self._start}


def _size(image: NDArray[np.float32]) -> tuple[int, int]:
    """Return height and width."""
    return image.shape[0], image.shape[1]


def _fit_size(pixels: int, size: tuple[int, int]) -> tuple[int, int]:
    """Shrink (height, width) to at most so many pixels on the longer side."""
    scale = min(1.0, pixels / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(image: NDArray[np.float32], pixels: int) -> NDArray[np.float32]:
    """Shrink an image to at most so many pixels on the longer side."""
    height, width = _fit_size(pixels, _size(image))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
