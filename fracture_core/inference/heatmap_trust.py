"""Trust tests of a model's heatmap methods on images with marked fractures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case
from fracture_core.errors import ModelError
from fracture_core.evaluation.clustered_mean import clustered_mean
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.explain.deletion_insertion import CELLS, cell_order, mean_probabilities
from fracture_core.explain.localisation import (
    BASELINES,
    Localisation,
    measure_localisation,
    measuring_transform,
)
from fracture_core.explain.randomisation_steps import RANDOMISED_SHARES
from fracture_core.explain.randomised_network import randomise_in_steps
from fracture_core.explain.trust_record import (
    IMAGE_CHANGES,
    HeatmapTrust,
    LocalisationRecord,
    MethodTrust,
)
from fracture_core.imaging import InputSpec, letterbox, normalise_canvas
from fracture_core.inference.heatmap_comparison import CHANGED_HEATMAPS, SLOW_COMPARED, HeatmapComparison
from fracture_core.inference.heatmap_source import HeatmapSource, MarkedRadiograph, spread, without_slow
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.phantom import draw_phantom
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.store import ModelStore

# Number of images of each part, and of those on which slow methods are tested.
_MARKED, _SLOW_MARKED = 64, 16
_PHANTOMS, _SLOW_PHANTOMS = 24, 8
_PERTURBED = 24
_COMPARED = 16

# Regions of the synthetic radiographs with fractures.
_PHANTOM_REGIONS = ("hand", "leg", "hip")

# Draws of the random baseline and the random order.
_SEED = 0


@dataclass(eq=False)
class _Steps:
    """Counts the heatmaps that are done."""

    report: ProgressCallback | None
    total: int
    done: int = field(default=0, init=False)

    def advance(self) -> None:
        self.done += 1
        if self.report is not None:
            self.report("Testing heatmaps", self.done, self.total)


def measure_heatmap_trust(
    card: ModelCard,
    model: keras.Model,
    network: ExportedNetwork,
    images: Sequence[MarkedRadiograph],
    split: str,
    second: tuple[ModelCard, keras.Model] | None = None,
    progress: ProgressCallback | None = None,
) -> HeatmapTrust:
    """Test all heatmap methods of a model.

    Args:
        card: card of the model.
        model: its network; its weights are random afterwards.
        network: its exported network.
        images: fractured images with marked fractures, at least one.
        split: split they belong to.
        second: a model of another training with the same input, to test repeatability.
        progress: called with (stage, steps done, steps).

    Returns:
        The results.
    """
    source = HeatmapSource(card, model)
    marked = spread(images, _MARKED)
    phantoms = _phantoms(card.input)
    compared = spread(images, _COMPARED)
    steps = _Steps(
        progress,
        len(marked)
        + len(phantoms)
        + min(_PERTURBED, len(images))
        + len(compared) * (1 + CHANGED_HEATMAPS + len(RANDOMISED_SHARES) + (second is not None)),
    )
    on_marked = _localise(source, marked, _SLOW_MARKED, steps)
    on_phantoms = _localise(source, phantoms, _SLOW_PHANTOMS, steps)
    baselines = _localise_baselines(marked)
    best_baseline = max(baselines, key=lambda name: _mean_precision(baselines[name]))
    faithful = _delete_and_insert(source, network, card, images, steps)
    similar = HeatmapComparison(source, compared, steps.advance)
    changed = similar.under_changes()
    between = similar.between_images()
    agreement = similar.between_methods()
    repeated = similar.with_network(HeatmapSource(*second)) if second else None
    randomised = [
        similar.with_network(source) for _ in randomise_in_steps(model, card.architecture, card.input)
    ]
    methods = {}
    for name in source.methods:
        found = on_marked[name]
        methods[name] = MethodTrust(
            marked=_summarise(found, [image.group for image in marked]),
            gain=clustered_mean(
                [
                    np.nan if one is None or other is None else one.precision - other.precision
                    for one, other in zip(found, baselines[best_baseline], strict=True)
                ],
                [image.group for image in marked],
            ),
            phantoms=_summarise(on_phantoms[name], [image.group for image in phantoms]),
            deletion=faithful[name][0],
            insertion=faithful[name][1],
            randomised=[step[name] for step in randomised],
            between_images=between[name],
            changed={change: changed[change][name] for change in IMAGE_CHANGES},
            second_training=repeated.get(name) if repeated else None,
        )
    return HeatmapTrust(
        split=split,
        images=len(marked),
        methods=methods,
        baselines={
            name: _summarise(found, [image.group for image in marked]) for name, found in baselines.items()
        },
        agreement=agreement,
        second_model=second[0].id if second else "",
    )


def load_second_model(store: ModelStore, model_id: str, second: str) -> tuple[ModelCard, keras.Model]:
    """Load the model of another training, whose heatmaps are compared with those of a model.

    Raises:
        ModelError: It is unknown, has the same weights, or has another input size.
    """
    card = store.card(model_id)
    if store.card(second).weights.sha256 == card.weights.sha256:
        raise ModelError(f"{second} has the same weights as {model_id}: choose a model of another training.")
    size, other = ((spec.height, spec.width) for spec in (card.input, store.card(second).input))
    if size != other:
        raise ModelError(
            f"{second} has another input size than {model_id}: choose a model with the same one."
        )
    return store.load(second)


def marked_images(
    cases: Sequence[Case], canvases: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]]
) -> list[MarkedRadiograph]:
    """Return the fractured images whose fractures are marked.

    Args:
        cases: the images.
        canvases: letterboxed images, uint8 (height, width), in their order.
        sizes: height and width of each image.
    """
    return [
        MarkedRadiograph.of_boxes(canvas, size, case.boxes, case.group)
        for case, canvas, size in zip(cases, canvases, sizes, strict=True)
        if case.label and case.boxes
    ]


def _phantoms(spec: InputSpec) -> list[MarkedRadiograph]:
    """Draw synthetic radiographs with a fracture of known extent."""
    drawn = []
    for seed in range(_PHANTOMS):
        phantom = draw_phantom(seed, _PHANTOM_REGIONS[seed % len(_PHANTOM_REGIONS)], fracture=True)
        canvas, transform = letterbox(
            phantom.pixels.astype(np.float32) / np.float32(255), spec.height, spec.width
        )
        height, width = measuring_transform(transform).source
        mask = cv2.resize(phantom.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0
        drawn.append(MarkedRadiograph(canvas, transform, mask, str(seed)))
    return drawn


def _localise(
    source: HeatmapSource, images: Sequence[MarkedRadiograph], slow: int, steps: _Steps
) -> dict[str, list[Localisation | None]]:
    """Measure the localisation of each method; None for images that a slow method leaves out."""
    with_slow = {id(image) for image in spread(images, slow)}
    found: dict[str, list[Localisation | None]] = {name: [] for name in source.methods}
    for image in images:
        wanted = without_slow(source.methods, id(image) in with_slow)
        grids = source.compute(image.canvas, wanted)
        for name, values in found.items():
            grid = grids.get(name)
            values.append(None if grid is None else measure_localisation(image.resample(grid), image.mask))
        steps.advance()
    return found


def _localise_baselines(images: Sequence[MarkedRadiograph]) -> dict[str, list[Localisation | None]]:
    rng = np.random.default_rng(_SEED)
    found: dict[str, list[Localisation | None]] = {name: [] for name in BASELINES}
    for image in images:
        pixels = image.resample(image.canvas.astype(np.float32) / np.float32(255))
        for name, draw in BASELINES.items():
            found[name].append(measure_localisation(draw(pixels, rng), image.mask))
    return found


def _summarise(found: Sequence[Localisation | None], groups: Sequence[str]) -> LocalisationRecord:
    kept = [(one, group) for one, group in zip(found, groups, strict=True) if one is not None]
    names = [group for _, group in kept]
    codes = np.unique(names, return_inverse=True)[1] if names else np.zeros(0, np.intp)
    return LocalisationRecord(
        proportion_interval([one.pointing > 0 for one, _ in kept], codes),
        clustered_mean([one.precision for one, _ in kept], names),
        clustered_mean([one.mass for one, _ in kept], names),
    )


def _mean_precision(found: Sequence[Localisation | None]) -> float:
    return float(np.mean([one.precision for one in found if one is not None]))


def _delete_and_insert(
    source: HeatmapSource,
    network: ExportedNetwork,
    card: ModelCard,
    images: Sequence[MarkedRadiograph],
    steps: _Steps,
) -> dict[str, tuple[Interval, Interval]]:
    """Measure deletion and insertion beyond a random order, on images that the model calls fractured."""

    def predict(canvas: NDArray[np.uint8]) -> float:
        output = network.run(normalise_canvas(canvas[None], card.input)[0])
        return float(card.calibration.apply(output.logit))

    rng = np.random.default_rng(_SEED)
    # Nothing can be deleted from an image without suspicion.
    suspected = [image for image in images if predict(image.canvas) >= card.thresholds.balanced]
    chosen = spread(suspected, _PERTURBED)
    steps.total += len(chosen) - min(_PERTURBED, len(images))
    with_slow = {id(image) for image in spread(chosen, SLOW_COMPARED)}
    deletion: dict[str, list[float]] = {name: [] for name in source.methods}
    insertion: dict[str, list[float]] = {name: [] for name in source.methods}
    for image in chosen:
        random = rng.random((CELLS, CELLS))
        deleted, inserted = mean_probabilities(
            image.canvas, cell_order(random, image.transform, rng), predict
        )
        grids = source.compute(image.canvas, without_slow(source.methods, id(image) in with_slow))
        for name in source.methods:
            if name not in grids:
                deletion[name].append(np.nan)
                insertion[name].append(np.nan)
                continue
            low, high = mean_probabilities(
                image.canvas, cell_order(grids[name], image.transform, rng), predict
            )
            deletion[name].append(deleted - low)
            insertion[name].append(high - inserted)
        steps.advance()
    groups = [image.group for image in chosen]
    return {
        name: (clustered_mean(deletion[name], groups), clustered_mean(insertion[name], groups))
        for name in source.methods
    }
