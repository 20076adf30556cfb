"""ModelCard: everything that must accompany the weights of a model."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

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
from fracture_core.explain.trust_record import HeatmapTrust
from fracture_core.findings import FindingSettings, FindingsRecord
from fracture_core.imaging import InputSpec
from fracture_core.io.json_record import Count, HasJsonMethods, JsonRecord, MeasuredNumber, read_json
from fracture_core.registry.external_test import MAX_TESTS, ExternalTest
from fracture_core.vocabulary import CITATIONS, FINDINGS, LABELS, SYNTHETIC_LAYOUT

#: Largest input side and number of channels that a card may state.
MAX_SIDE, MAX_CHANNELS = 4096, 3


def _check_encodable(text: str) -> str:
    """Refuse text that cannot be written as UTF-8."""
    if not text.isascii():
        text.encode("utf-8")  # raises a ValueError
    return text


#: Evidence in log-odds that a heatmap draws in full colour.
HeatmapScale = Annotated[float, Field(ge=1e-6, le=1e6)]

#: Text of a card. The largest of those published here has 300 characters.
ShortText = Annotated[str, Field(max_length=1000), AfterValidator(_check_encodable)]
LongText = Annotated[str, Field(max_length=10_000), AfterValidator(_check_encodable)]


@dataclass(frozen=True)
class WeightsFile(JsonRecord):
    """A binary file beside the card, with its expected content.

    Attributes:
        file: name of the file.
        sha256: SHA-256 of its content, in hexadecimal digits.
        bytes: its size.
    """

    file: str
    sha256: str
    bytes: Count


@dataclass(frozen=True)
class DataRecord(JsonRecord):
    """The dataset that a model was trained and tested on.

    Attributes:
        name: the dataset, with its citation.
        licence: its licence.
        layout: the layout it was read as.
        split_hash: SHA-256 of the assignment of cases to splits.
        split_rule: how related cases were kept in one split.
        counts: images by split: [without the finding, with it].
        checked: whether duplicates and groups were kept in one split.
        finding: meaning of label 1, a name of `vocabulary.FINDINGS`.
    """

    name: str
    licence: str
    layout: str
    split_hash: str
    split_rule: str
    counts: dict[str, list[Count]]
    checked: bool = False
    finding: str = FINDINGS[0]

    def __post_init__(self) -> None:
        if self.finding not in FINDINGS:
            raise DataError(f"finding: must be one of {', '.join(FINDINGS)}, but is {self.finding!r}")
        if any(len(row) != 2 for row in self.counts.values()):
            raise DataError("counts: must have two numbers for each split, without and with the finding")

    @property
    def synthetic(self) -> bool | None:
        """Whether the images are synthetic; None if the dataset is not known by name.

        A manifest keeps the citation of the dataset that its images were taken from.
        """
        known = [layout for layout, name in CITATIONS.items() if layout == self.layout or name == self.name]
        return SYNTHETIC_LAYOUT in known if known else None


def _check_input(spec: InputSpec) -> InputSpec:
    """Refuse input sizes that no network has."""
    for name, value, largest in (
        ("height", spec.height, MAX_SIDE),
        ("width", spec.width, MAX_SIDE),
        ("channels", spec.channels, MAX_CHANNELS),
    ):
        if not 1 <= value <= largest:
            raise ValueError(f"{name} must be from 1 to {largest}, but is {value}")
    return spec


@dataclass(frozen=True)
class ModelCard(JsonRecord):
    """Everything that is known about one model.

    Attributes:
        id: its name in the registry, and the name of its folder.
        title: its name on screens.
        created: ISO date and time, UTC.
        architecture: a name of the zoo.
        input: the network input; `imaging.prepare` prepares an image for it.
        heatmap_layer: the layer that heatmaps explain.
        heatmap_scale: evidence drawn in full colour by Grad-CAM; None if it was not measured.
        weights: the weight file.
        golden: logit for the pattern of `registry.reference_prediction`; null in JSON if there is none.
        calibration: from logit to probability, fitted on the validation split.
        thresholds: chosen on the validation split.
        data: the dataset; None for weights of unknown origin.
        validation: metrics on the validation split. They are optimistic, because thresholds were chosen on it.
        test: metrics on the test split; None if there are none.
        test_states: verdicts by label on the test split; None if there are none.
        test_regions: test metrics by region.
        test_coverage: frequency and error of each verdict on the test split by region; "" for all images.
        test_pointing: share of fractured test images with fracture boxes in which the heatmap's peak lies in a box;
            None without boxes.
        network: the exported network; None if it was not exported with the model.
        loaded: the file that a user loaded the weights from; None if they were trained here.
        heads: the file of the auxiliary heads; None for a model without.
        heads_record: metrics of the auxiliary heads on the test split; None for a model without.
        heatmap_scales: `heatmap_scale` of the other heatmap methods by name; methods without one are not offered.
        findings: how its fracture map becomes findings; None for a model without findings.
        validation_findings: how well findings mark the fractures of the validation split. They are optimistic, because
            the settings were chosen on it.
        test_findings: the same for the test split.
        external_tests: metrics on other datasets.
        heatmap_trust: results of the trust tests of its heatmap methods; None if they were not made.
        limits: sentences on what the model cannot judge.
        training: the training settings, without paths of the computer it was trained on.
        command: the command that trains it again.
        labels: label order, always `vocabulary.LABELS`.
    """

    # Keys of later versions are ignored.
    __pydantic_config__ = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: ShortText
    title: ShortText
    created: ShortText
    architecture: ShortText
    input: Annotated[InputSpec, AfterValidator(_check_input)]
    heatmap_layer: ShortText
    heatmap_scale: HeatmapScale | None
    weights: WeightsFile
    golden: MeasuredNumber
    calibration: PlattCalibration
    thresholds: Thresholds
    data: DataRecord | None = None
    validation: Summary | None = None
    test: Summary | None = None
    test_states: VerdictCounts | None = None
    test_regions: dict[str, Summary] = field(default_factory=dict)
    test_coverage: dict[str, Annotated[VerdictCoverage, HasJsonMethods()]] = field(default_factory=dict)
    test_pointing: Interval | None = None
    network: WeightsFile | None = None
    loaded: WeightsFile | None = None
    heads: WeightsFile | None = None
    heads_record: HeadsRecord | None = None
    heatmap_scales: dict[str, HeatmapScale] = field(default_factory=dict)
    findings: FindingSettings | None = None
    validation_findings: FindingsRecord | None = None
    test_findings: FindingsRecord | None = None
    external_tests: Annotated[tuple[ExternalTest, ...], Field(max_length=MAX_TESTS)] = ()
    heatmap_trust: HeatmapTrust | None = None
    limits: Annotated[tuple[LongText, ...], Field(max_length=100)] = ()
    training: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    labels: tuple[str, ...] = LABELS

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """The binary files of the model."""
        return tuple(part for part in (self.weights, self.network, self.heads) if part is not None)

    @property
    def finding(self) -> str:
        """The finding it was trained on, a name of `vocabulary.FINDINGS`; a fracture if its data is unknown."""
        return self.data.finding if self.data else FINDINGS[0]

    @property
    def synthetic(self) -> bool | None:
        """Whether it was trained on synthetic images; None if that is not known."""
        return self.data.synthetic if self.data else None

    def test_summary(self, region: str = "") -> Summary | None:
        """Return the test metrics of a region, or of all images if no region is given."""
        return self.test_regions.get(region) if region else self.test

    def with_external_test(self, test: ExternalTest) -> "ModelCard":
        """Return the card with metrics on another dataset; they replace those of the same name.

        Raises:
            DataError: the card has `MAX_TESTS` other external tests.
        """
        others = self.without_external_test(test.name).external_tests
        if len(others) >= MAX_TESTS:
            raise DataError(f"The card has {MAX_TESTS} external tests already: remove one of them.")
        return replace(self, external_tests=(*others, test))

    def without_external_test(self, name: str) -> "ModelCard":
        """Return the card without the metrics on a dataset."""
        return replace(self, external_tests=tuple(test for test in self.external_tests if test.name != name))

    def save(self, path: Path) -> None:
        """Write the card as JSON."""
        path.write_text(self.to_text(), encoding="utf-8")

    def to_text(self) -> str:
        """Return the card as formatted JSON."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, path: Path, shown: str = "") -> "ModelCard":
        """Read a card.

        Args:
            path: its file.
            shown: the file's name in error messages; "" for the path.

        Raises:
            ModelError: the card is missing, is not valid, or has another label order.
        """
        place = shown or path
        try:
            payload = read_json(path)
            _require_keys(payload)
            card = cls.from_json(payload)
        except FileNotFoundError:
            raise ModelError(f"There is no model card at {place}. Add the model again.") from None
        except (OSError, DataError) as error:
            raise ModelError(f"The model card {place} is not valid: {error}. Add the model again.") from error
        if card.labels != LABELS:
            raise ModelError(
                f"The model card {place} has the label order {', '.join(card.labels)} instead of {', '.join(LABELS)}. "
                "The model would report fractures as normal, so it is not used."
            )
        return card


#: Keys that a card must have although a new card may leave them out.
_REQUIRED_KEYS = (
    "data", "validation", "test", "test_states", "test_regions", "test_pointing",
    "limits", "training", "command", "labels",
)  # fmt: skip


def _require_keys(payload: object) -> None:
    missing = [name for name in _REQUIRED_KEYS if not isinstance(payload, dict) or name not in payload]
    if missing:
        raise DataError(f"{missing[0]}: the field is missing")
