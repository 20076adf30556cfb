"""LabelIssues: the suspected label errors of a dataset, as JSON, CSV and text."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval
from fracture_core.io.csv_safety import escape_formula
from fracture_core.vocabulary import label_text

#: Columns of the CSV file, in order.
LABEL_ISSUE_COLUMNS = ("rank", "why", "id", "path", "label", "probability", "split", "regions", "group")

#: Values of the column `why`. Existing files contain them, so they stay as they are.
LABEL_DISAGREES, BOTH_LABELS = "label at odds with the film", "picture under both labels"

# Attributes with another key in the JSON file. Existing files contain these keys, so they stay as they are.
_JSON_KEYS = {"training_images": "learnt"}


@dataclass(frozen=True)
class LabelIssue:
    """One suspected label error. The attributes are fields of the JSON file.

    Attributes:
        case: id of the case in the dataset.
        path: path below the folder of the dataset, escaped by `escape_name`.
        label: given label, 0 or 1.
        probability: cross-validated probability of label 1, 0–1.
        split: "train", "val", "test", or "" if the dataset has no split.
        regions: body regions, separated by spaces.
        group: group of the case; images of a group are views or copies of each other.
    """

    case: str
    path: str
    label: int
    probability: float
    split: str
    regions: str
    group: str


@dataclass(frozen=True)
class LabelIssues:
    """Result of a search for label errors. The attributes are fields of the JSON file.

    Attributes:
        created: time of the search, ISO 8601 in UTC.
        model: id of the model that computed the features.
        weights: SHA-256 of its weights.
        finding: meaning of label 1.
        own: whether the model was trained and tested on this dataset.
        films: number of images that were compared.
        training_images: number of these images that are in the model's training split; "learnt" in the JSON file.
        unreadable: number of images that could not be read.
        groups: number of groups.
        auc: AUC of the cross-validated probabilities against the given labels.
        suspected: suspected label errors, most suspicious first.
        contradictions: duplicates that occur with both labels; one tuple per duplicated image.
        unreadable_films: id and error message of each unreadable image.
    """

    created: str
    model: str
    weights: str
    finding: str
    own: bool
    films: int
    training_images: int
    unreadable: int
    groups: int
    auc: Interval
    suspected: tuple[LabelIssue, ...]
    contradictions: tuple[tuple[LabelIssue, ...], ...]
    unreadable_films: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        """Summary in words."""
        count = len(self.suspected)
        with_finding = sum(issue.label for issue in self.suspected)
        by_label = (
            f"{label_text(1, self.finding)}: {with_finding:,}; "
            f"{label_text(0, self.finding)}: {count - with_finding:,}"
        )
        sentences = [
            f"Suspected label errors: {count:,} of {self.films:,}" + (f" ({by_label})." if count else "."),
            f"Cross-validated AUC: {self.auc.text()}.",
        ]
        if self.contradictions:
            sentences.append(f"Images with both labels: {len(self.contradictions):,}.")
        if self.unreadable:
            sentences.append(f"Unreadable images, not compared: {self.unreadable:,}.")
        return " ".join(sentences)

    @property
    def limitations(self) -> str:
        """Errors that the search may miss, in words; "" if the model was trained on none of the images."""
        if not self.training_images:
            return ""
        return (
            f"The model was trained on {self.training_images:,} of these images. It may have memorised wrong labels "
            "among them; such errors are not listed."
        )

    def find(self, case: str) -> LabelIssue | None:
        """Find an issue by case id."""
        return next((issue for issue in self.all_issues() if issue.case == case), None)

    def all_issues(self) -> list[LabelIssue]:
        """List every issue once: images with both labels, of which one is wrong, then suspected label errors."""
        by_case = {issue.case: issue for duplicates in self.contradictions for issue in duplicates}
        by_case |= {issue.case: issue for issue in self.suspected if issue.case not in by_case}
        return list(by_case.values())

    def has_both_labels(self, issue: LabelIssue) -> bool:
        """Whether the image occurs with both labels."""
        return any(issue in duplicates for duplicates in self.contradictions)

    def to_csv(self) -> bytes:
        """Convert to CSV with a header, encoded in UTF-8 with a byte order mark for spreadsheets."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LABEL_ISSUE_COLUMNS)
        for number, issue in enumerate(self.suspected, 1):
            writer.writerow(self._csv_row(str(number), LABEL_DISAGREES, issue))
        for number, duplicates in enumerate(self.contradictions, 1):
            writer.writerows(self._csv_row(str(number), BOTH_LABELS, issue) for issue in duplicates)
        return file.getvalue().encode("utf-8-sig")

    def _csv_row(self, rank: str, why: str, issue: LabelIssue) -> list[str]:
        label = label_text(issue.label, self.finding)
        values = (
            issue.case,
            issue.path,
            label,
            f"{issue.probability:.4f}",
            issue.split,
            issue.regions,
            issue.group,
        )
        return [escape_formula(value) for value in (rank, why, *values)]

    def to_json(self) -> dict[str, Any]:
        """Convert to plain JSON values."""
        values: dict[str, Any] = asdict(self) | {"auc": self.auc.to_json()}
        return {_JSON_KEYS.get(name, name): value for name, value in values.items()}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "LabelIssues":
        """Create from the output of `to_json`.

        Raises:
            DataError: If fields are missing, unknown or damaged.
        """
        names = {key: name for name, key in _JSON_KEYS.items()}
        try:
            values = {names.get(key, key): value for key, value in dict(payload).items()}
            return cls(
                **{
                    **values,
                    "auc": Interval.from_json(payload["auc"]),
                    "suspected": _issues(payload["suspected"]),
                    "contradictions": tuple(_issues(duplicates) for duplicates in payload["contradictions"]),
                    "unreadable_films": tuple(
                        (str(case), str(error)) for case, error in payload.get("unreadable_films", ())
                    ),
                }
            )
        except (TypeError, KeyError, ValueError, DataError) as error:
            raise DataError(
                f"The list of suspected label errors is damaged ({error}): run the search again."
            ) from error


def _issues(rows: Sequence[dict[str, Any]]) -> tuple[LabelIssue, ...]:
    return tuple(LabelIssue(**row) for row in rows)
