"""AuxiliaryHeads: the auxiliary heads of one model, stored as one file of arrays."""

import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistributionDetector
from fracture_core.auxiliary_heads.region_head import SHOWN_PROBABILITY, RegionHead
from fracture_core.errors import ModelError
from fracture_core.imaging import QualityCheck, QualityState, Refusal
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS

_MAX_REGIONS = 64
# Beyond it, sums over some thousand features overflow in single precision.
_LARGEST = 1e30

_NOT_A_RADIOGRAPH = "The image does not look like a radiograph: upload a plain radiograph of a limb."
_DOUBTFUL_RADIOGRAPH = "The image may not be a radiograph: check the uploaded file."
_OUT_OF_DISTRIBUTION = (
    "Out of scope: the image is unlike the model’s training images, for example because of another region or "
    "technique."
)
_UNKNOWN_REGION = (
    "The model recognises none of its regions ({regions}): it was not trained on any other region."
)


@dataclass(frozen=True, eq=False)
class AuxiliaryHeads:
    """Heads that check whether a model's verdict applies to an image.

    Attributes:
        regions: head for body regions; None if the training data has no regions.
        familiarity: distance from the training images.
        radiograph: classifier with one logit, positive for images that are not radiographs.
        warn: logit above which the image gets a warning.
        refuse: logit above which the image is rejected; no validation image exceeds it.
    """

    regions: RegionHead | None
    familiarity: OutOfDistributionDetector
    radiograph: LinearClassifier
    warn: float
    refuse: float

    def check_features(
        self, pixel_check: QualityCheck, middle: NDArray[np.floating], deepest: NDArray[np.floating]
    ) -> QualityCheck:
        """Combine the quality check of the pixels with a check of the model's features.

        Args:
            pixel_check: result of `imaging.check_quality`.
            middle: pooled features of the middle layer, (channels,).
            deepest: pooled features of the deepest layer, (channels,).

        Returns:
            The combined check: refused if the image is not a radiograph or out of distribution. Otherwise with a
            warning if the image is doubtful or of an unknown region. An earlier refusal keeps its kind.
        """
        logit = float(self.radiograph.scores(middle[None])[0, 0])
        if logit > self.refuse:
            # Other warnings about its pixels do not matter then.
            earlier = pixel_check.reasons if pixel_check.refusal is not None else ()
            return QualityCheck(
                QualityState.REFUSE,
                (_NOT_A_RADIOGRAPH, *earlier),
                pixel_check.out_of_scope,
                pixel_check.refusal or Refusal.NOT_A_RADIOGRAPH,
            )
        reasons = list(pixel_check.reasons)
        if logit > self.warn:
            reasons.append(_DOUBTFUL_RADIOGRAPH)
        elif self.familiarity.distance(deepest[None])[0] > self.familiarity.limit:
            return QualityCheck(
                QualityState.REFUSE,
                (_OUT_OF_DISTRIBUTION, *reasons),
                True,
                pixel_check.refusal or Refusal.OUT_OF_SCOPE,
            )
        elif self.regions is not None and not self.predict_regions(middle):
            reasons.append(_UNKNOWN_REGION.format(regions=", ".join(self.regions.names)))
        return (
            replace(pixel_check, state=QualityState.WARN, reasons=tuple(reasons)) if reasons else pixel_check
        )

    def predict_regions(self, middle: NDArray[np.floating]) -> tuple[tuple[str, float], ...]:
        """Predict the body regions of an image.

        Args:
            middle: pooled features of the middle layer, (channels,).

        Returns:
            Regions with a probability of at least `SHOWN_PROBABILITY`, most probable first; may be empty.
        """
        if self.regions is None:
            return ()
        probabilities = self.regions.probabilities(middle[None])[0]
        return tuple(
            (self.regions.names[index], float(probabilities[index]))
            for index in np.argsort(-probabilities).tolist()
            if probabilities[index] >= SHOWN_PROBABILITY
        )

    def save(self, path: Path) -> None:
        """Write the heads as an .npz file of plain arrays."""
        regions = self.regions
        np.savez_compressed(
            path,
            region_names=np.array(regions.names if regions else (), dtype="U32"),
            region_weight=regions.linear.weight if regions else np.zeros((0, 0), np.float32),
            region_bias=regions.linear.bias if regions else np.zeros(0, np.float32),
            familiar_mean=self.familiarity.mean,
            familiar_axes=self.familiarity.axes,
            familiar_limit=self.familiarity.limit,
            radiograph_weight=self.radiograph.weight,
            radiograph_bias=self.radiograph.bias,
            radiograph_limits=(self.warn, self.refuse),
        )

    @classmethod
    def load(cls, path: Path) -> "AuxiliaryHeads":
        """Read a file written by `save`. The file is never unpickled.

        Raises:
            ModelError: If the file is missing or damaged.
        """
        try:
            # Opened here, because numpy does not close a file that it cannot read.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                stored_names, stored_limits = arrays["region_names"], arrays["radiograph_limits"]
                if stored_names.ndim != 1 or stored_names.size > _MAX_REGIONS or stored_limits.shape != (2,):
                    raise ValueError("too many regions or limits")
                names = tuple(str(name) for name in stored_names)
                if not all(name.isprintable() and name for name in names):
                    raise ValueError("a region without a plain name")
                regions = RegionHead(names, _classifier(arrays, "region", len(names))) if names else None
                mean, axes = _numbers(arrays["familiar_mean"], 1), _numbers(arrays["familiar_axes"], 2)
                if axes.shape[1] != mean.size:
                    raise ValueError("principal axes that do not fit the mean")
                limits = [float(limit) for limit in (arrays["familiar_limit"], *stored_limits)]
                if any(math.isnan(limit) for limit in limits):
                    raise ValueError("a limit that is not a number")
                return cls(
                    regions,
                    OutOfDistributionDetector(mean, axes, limits[0]),
                    _classifier(arrays, "radiograph", 1),
                    *limits[1:],
                )
        except (*DAMAGED_ZIP_ERRORS, TypeError, SyntaxError, tokenize.TokenError, RecursionError) as error:
            raise ModelError(
                f"The auxiliary heads in {path} cannot be read ({error}): add the model again."
            ) from error


def _classifier(arrays: Mapping[str, Any], name: str, classes: int) -> LinearClassifier:
    """Read a classifier and check its shape."""
    weight, bias = _numbers(arrays[f"{name}_weight"], 2), _numbers(arrays[f"{name}_bias"], 1)
    if weight.shape[0] != classes or bias.shape != (classes,):
        raise ValueError(f"{name} classifier of {weight.shape[0]} classes instead of {classes}")
    return LinearClassifier(weight, bias)


def _numbers(array: NDArray[Any], dimensions: int) -> NDArray[np.float32]:
    """Check that an array has finite numbers and a number of dimensions."""
    if array.ndim != dimensions or array.dtype.kind not in "fiu":
        raise ValueError(f"an array of {array.dtype} with {array.ndim} dimensions")
    numbers: NDArray[np.float32] = array
    if not np.isfinite(numbers).all() or (numbers.size and float(np.abs(numbers).max()) > _LARGEST):
        raise ValueError("an array with numbers that are not finite or far too large")
    return numbers
