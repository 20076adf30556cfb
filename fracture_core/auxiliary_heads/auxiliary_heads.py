"""Heads: the second heads of one model, as one file of numbers."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fracture_core.auxiliary_heads.linear_classifier import LinearClassifier
from fracture_core.auxiliary_heads.out_of_distribution import OutOfDistribution
from fracture_core.auxiliary_heads.region_head import SHOWN_PROBABILITY, RegionHead
from fracture_core.errors import ModelError
from fracture_core.imaging import QualityCheck, QualityState
from fracture_core.io.zip_limits import DAMAGED_ZIP_ERRORS

_NO_RADIOGRAPH = (
    "The image does not look like a radiograph to this model; expected a plain film of a limb: "
    "upload the film itself."
)
_HARDLY_RADIOGRAPH = "The image hardly looks like a radiograph to this model; check what was uploaded."
_UNFAMILIAR = (
    "The image is unlike the films this model has learnt from, as films of another region or kind are: do not rely "
    "on its "
    "verdict."
)
_NO_REGION = (
    "The model recognises none of the regions it knows ({regions}); "
    "any other region is outside what it has seen."
)


@dataclass(frozen=True, eq=False)
class AuxiliaryHeads:
    """What a model says of a film beside its verdict.

    Attributes:
        regions: which body regions; None where the data set names none.
        familiarity: how far from the training films.
        radiograph: one logit, positive for what is no radiograph.
        warn: that logit from which a film is warned about.
        refuse: from which it is refused: above every validation film's.
    """

    regions: RegionHead | None
    familiarity: OutOfDistribution
    radiograph: LinearClassifier
    warn: float
    refuse: float

    def check_features(self, first: QualityCheck, middle: np.ndarray, deepest: np.ndarray) -> QualityCheck:
        """The gate's answer, after a look at the model's features.

        Args:
            first: what the pixels alone said.
            middle: float32 (channels,), features of the middle layer.
            deepest: likewise of the deepest.
        """
        score = float(self.radiograph.scores(middle[None])[0, 0])
        if score > self.refuse:
            return QualityCheck(
                QualityState.REFUSE, (_NO_RADIOGRAPH, *(first.reasons if first.out_of_scope else ()))
            )
        reasons = list(first.reasons)
        if score > self.warn:
            reasons.append(_HARDLY_RADIOGRAPH)
        elif self.familiarity.distance(deepest[None])[0] > self.familiarity.limit:
            reasons.append(_UNFAMILIAR)
        elif self.regions is not None and not self.predict_regions(middle):
            reasons.append(_NO_REGION.format(regions=", ".join(self.regions.names)))
        return replace(first, state=QualityState.WARN, reasons=tuple(reasons)) if reasons else first

    def predict_regions(self, middle: np.ndarray) -> tuple[tuple[str, float], ...]:
        """The regions that a film shows, with their probabilities, the likeliest first; empty where none is likely."""
        if self.regions is None:
            return ()
        chances = self.regions.probabilities(middle[None])[0]
        order = [int(k) for k in np.argsort(-chances)]
        return tuple(
            (self.regions.names[k], float(chances[k])) for k in order if chances[k] >= SHOWN_PROBABILITY
        )

    def save(self, path: Path) -> None:
        """Writes the heads as an .npz of plain arrays."""
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
        """Reads what `save` wrote. Nothing in the file is ever run.

        Raises:
            ModelError: the file is missing or not such a file.
        """
        try:
            # Opened here, for numpy leaves a file open that turns out to be none of its own.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                names = tuple(str(name) for name in kept["region_names"])
                regions = (
                    RegionHead(names, LinearClassifier(kept["region_weight"], kept["region_bias"]))
                    if names
                    else None
                )
                warn, refuse = (float(limit) for limit in kept["radiograph_limits"])
                return cls(
                    regions,
                    OutOfDistribution(
                        kept["familiar_mean"], kept["familiar_axes"], float(kept["familiar_limit"])
                    ),
                    LinearClassifier(kept["radiograph_weight"], kept["radiograph_bias"]),
                    warn,
                    refuse,
                )
        except DAMAGED_ZIP_ERRORS as error:
            raise ModelError(
                f"Expected the second heads of a model in {path}, but they cannot be read ({error}): add the model "
                f"again."
            ) from error
