"""The card of a model: everything that must travel with its weights."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fracture_core.auxiliary_heads.heads_record import HeadsRecord
from fracture_core.errors import DataError, ModelError
from fracture_core.evaluation import (
    Interval,
    PlattCalibration,
    Summary,
    Thresholds,
    VerdictCounts,
    VerdictCoverage,
)
from fracture_core.imaging import InputSpec
from fracture_core.vocabulary import CITATIONS, FINDINGS, LABELS, SYNTHETIC_LAYOUT


@dataclass(frozen=True)
class WeightsFile:
    """A file of numbers beside the card, by what it must contain."""

    file: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        if not (isinstance(self.file, str) and isinstance(self.sha256, str) and isinstance(self.bytes, int)):
            raise TypeError(
                f"a file has a name, a hash and a size, not {self.file!r}, {self.sha256!r}, {self.bytes!r}"
            )


@dataclass(frozen=True)
class DataRecord:
    """What a model was trained and judged on.

    Attributes:
        name: the data set, with its citation.
        licence: its licence.
        layout: the layout it was read as.
        split_hash: SHA-256 of which case is in which split.
        split_rule: in words, how cases were kept together.
        counts: films by split: [without the finding, with it].
        checked: whether copies and groups were kept on one side of the split.
        finding: what its label 1 means, a name of `vocabulary.FINDINGS`.
    """

    name: str
    licence: str
    layout: str
    split_hash: str
    split_rule: str
    counts: dict[str, list[int]]
    checked: bool = False
    finding: str = FINDINGS[0]

    def __post_init__(self) -> None:
        if self.finding not in FINDINGS:
            raise DataError(f"the finding is one of {', '.join(FINDINGS)}, not {self.finding!r}")

    @property
    def synthetic(self) -> bool | None:
        """Whether the images are synthetic; None where the dataset is not known by name.

        A manifest keeps the citation of the dataset that its images were taken from.
        """
        known = [layout for layout, name in CITATIONS.items() if layout == self.layout or name == self.name]
        return SYNTHETIC_LAYOUT in known if known else None


@dataclass(frozen=True)
class ModelCard:
    """One model.

    Attributes:
        id: its name in the registry, also its folder's.
        title: what users read.
        created: ISO date and time, UTC.
        architecture: a name of the zoo.
        input: what it is fed; the preprocessing is `imaging.prepare` with this.
        heatmap_layer: the layer that is explained.
        heatmap_scale: evidence drawn in full colour by Grad-CAM; None where none was measured.
        heatmap_scales: the same for the further methods, by name; those not named are not offered.
        weights: the weight file.
        golden: logit that the weights give for `registry.reference_prediction`'s pattern.
        calibration: from logit to probability, fitted on the validation split.
        thresholds: chosen on the validation split.
        data: what it was trained on; None for weights of unknown origin.
        validation: the record on the validation split, on which the thresholds were chosen: flattering.
        test: the record on the test split; None where there is none.
        test_states: verdicts against the truth on the test split; None likewise.
        test_regions: the record by region.
        test_coverage: how often each verdict is given and wrong on the test split, by region, "" for all films.
        test_pointing: share of fractured test films with marked fractures on which the heatmap's peak lies
            in one of the marks; None where nothing is marked.
        loaded: the file that a user brought its weights in; None where they were trained here.
        heads: the file of the second heads; None for a model without.
        heads_record: how good these are on the test split; None likewise.
        limits: sentences on what it cannot judge.
        training: the settings, without any path of the machine it was trained on.
        command: how to train it again.
        labels: label order, always `vocabulary.LABELS`.
    """

    id: str
    title: str
    created: str
    architecture: str
    input: InputSpec
    heatmap_layer: str
    heatmap_scale: float | None
    weights: WeightsFile
    golden: float
    calibration: PlattCalibration
    thresholds: Thresholds
    data: DataRecord | None = None
    validation: Summary | None = None
    test: Summary | None = None
    test_states: VerdictCounts | None = None
    test_regions: dict[str, Summary] = field(default_factory=dict)
    test_coverage: dict[str, VerdictCoverage] = field(default_factory=dict)
    test_pointing: Interval | None = None
    loaded: WeightsFile | None = None
    heads: WeightsFile | None = None
    heads_record: HeadsRecord | None = None
    heatmap_scales: dict[str, float] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    labels: tuple[str, ...] = LABELS

    @property
    def finding(self) -> str:
        """What it was trained to find, a name of `vocabulary.FINDINGS`; a fracture where its data is unknown."""
        return self.data.finding if self.data else FINDINGS[0]

    @property
    def synthetic(self) -> bool | None:
        """Whether it was trained on synthetic images; None where that is not known."""
        return self.data.synthetic if self.data else None

    def test_summary(self, region: str = "") -> Summary | None:
        """The test record on a region, or over all films where no region is given."""
        return self.test_regions.get(region) if region else self.test

    def to_json(self) -> dict[str, Any]:
        """The card as plain JSON values."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "input": asdict(self.input),
            "weights": asdict(self.weights),
            "calibration": self.calibration.to_json(),
            "thresholds": self.thresholds.to_json(),
            "data": asdict(self.data) if self.data else None,
            "validation": self.validation.to_json() if self.validation else None,
            "test": self.test.to_json() if self.test else None,
            "test_states": self.test_states.to_json() if self.test_states else None,
            "test_regions": {name: summary.to_json() for name, summary in self.test_regions.items()},
            "test_coverage": {name: found.to_json() for name, found in self.test_coverage.items()},
            "test_pointing": self.test_pointing.to_json() if self.test_pointing else None,
            "loaded": asdict(self.loaded) if self.loaded else None,
            "heads": asdict(self.heads) if self.heads else None,
            "heads_record": self.heads_record.to_json() if self.heads_record else None,
            "heatmap_scales": self.heatmap_scales,
            "limits": list(self.limits),
            "labels": list(self.labels),
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "ModelCard":
        """The card written by `rows_to_json`.

        Raises:
            KeyError, TypeError, DataError: it is not complete.
        """
        _refuse_other_kinds(payload)
        data, states = payload["data"], payload["test_states"]
        validation, test = payload["validation"], payload["test"]
        return cls(
            **{name: payload[name] for name in _PLAIN},
            input=InputSpec(**payload["input"]),
            weights=WeightsFile(**payload["weights"]),
            calibration=PlattCalibration.from_json(payload["calibration"]),
            thresholds=Thresholds.from_json(payload["thresholds"]),
            data=DataRecord(**data) if data else None,
            validation=Summary.from_json(validation) if validation else None,
            test=Summary.from_json(test) if test else None,
            test_states=VerdictCounts.from_json(states) if states else None,
            test_regions={name: Summary.from_json(entry) for name, entry in payload["test_regions"].items()},
            test_coverage={
                name: VerdictCoverage.from_json(entry)
                for name, entry in payload.get("test_coverage", {}).items()
            },
            test_pointing=Interval.from_json(payload["test_pointing"]) if payload["test_pointing"] else None,
            loaded=WeightsFile(**payload["loaded"]) if payload.get("loaded") else None,
            heads=WeightsFile(**payload["heads"]) if payload.get("heads") else None,
            heads_record=HeadsRecord.from_json(payload["heads_record"])
            if payload.get("heads_record")
            else None,
            heatmap_scales=payload.get("heatmap_scales", {}),
            limits=tuple(payload["limits"]),
            labels=tuple(payload["labels"]),
        )

    def save(self, path: Path) -> None:
        """Writes the card."""
        path.write_text(json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, shown: str = "") -> "ModelCard":
        """Reads a card.

        Args:
            path: its file.
            shown: where it is, as the user knows it; "" for the path.

        Raises:
            ModelError: the card is missing, incomplete, or has another label order.
        """
        place = shown or path
        try:
            card = cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ModelError(
                f"Expected a model card at {place}, but there is none: add the model again."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, DataError) as error:
            raise ModelError(
                f"Expected a complete model card in {place}, but it cannot be read ({error}): add the model again."
            ) from error
        if card.labels != LABELS:
            raise ModelError(
                f"Expected the label order {', '.join(LABELS)}, but the card {place} says {', '.join(card.labels)}: "
                "the model would call fractures healthy, so it is not used."
            )
        return card


_NUMBER = (int, float)
#: Values that a card holds as they are, and what they must be: a card may come from a stranger.
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "title": str,
    "created": str,
    "architecture": str,
    "heatmap_layer": str,
    "heatmap_scale": (*_NUMBER, type(None)),
    "golden": _NUMBER,
    "training": dict,
    "command": str,
}


def _refuse_other_kinds(payload: dict[str, Any]) -> None:
    for name, kind in _PLAIN.items():
        if not isinstance(payload[name], kind) or isinstance(payload[name], bool):
            raise TypeError(f"{name} is {str(payload[name])[:80]!r}")
    for name in ("limits", "labels"):
        if not isinstance(payload[name], list) or not all(isinstance(text, str) for text in payload[name]):
            raise TypeError(f"{name} are no texts")
    scales = payload.get("heatmap_scales", {})
    if not all(isinstance(scale, _NUMBER) for scale in scales.values()):
        raise TypeError("heatmap_scales are no numbers")
    sides = {name: payload["input"].get(name) for name in ("height", "width", "channels")}
    for name, side in sides.items():
        if not isinstance(side, int) or side < 1:
            raise TypeError(f"{name} of the input is {str(side)[:80]!r}")
