"""The list of films to look at again, as it is kept, shown and written."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval
from fracture_core.io.csv_safety import escape_formula
from fracture_core.vocabulary import label_text

#: What the file for spreadsheets holds, in order.
LABEL_ISSUE_COLUMNS = ("rank", "why", "id", "path", "label", "probability", "split", "regions", "group")

#: Why a film is listed.
LABEL_DISAGREES, BOTH_LABELS = "label at odds with the film", "picture under both labels"


@dataclass(frozen=True)
class LabelIssue:
    """One film of the list.

    Attributes:
        case: its id in the data set.
        path: below the data set's folder.
        label: as given, 0 or 1.
        probability: of label 1, by a regression fitted to films of other groups.
        split: "train", "val", "test", or "" where the set has none.
        regions: body regions, joined by spaces.
        group: films of one group are views or copies of one another.
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
    """What was found in a data set.

    Attributes:
        created: when, ISO 8601, UTC.
        model: id of the model whose features were used.
        weights: SHA-256 of its weights.
        finding: what label 1 means.
        own: whether the model was trained and tested on this data set.
        films: films that were compared.
        learnt: how many of them the network learnt from.
        unreadable: films that could not be read, and were not compared.
        groups: groups of films.
        auc: how well the cross-validated probabilities tell the labels as given.
        suspected: films whose label is probably wrong, the most doubtful first.
        contradictions: pictures that stand under both labels, all films of each.
        unreadable_films: id of each film that could not be read, and why.
    """

    created: str
    model: str
    weights: str
    finding: str
    own: bool
    films: int
    learnt: int
    unreadable: int
    groups: int
    auc: Interval
    suspected: tuple[LabelIssue, ...]
    contradictions: tuple[tuple[LabelIssue, ...], ...]
    unreadable_films: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        with_finding = sum(film.label for film in self.suspected)
        count, without = len(self.suspected), len(self.suspected) - with_finding
        named = f"{label_text(1, self.finding)}: {with_finding:,}; {label_text(0, self.finding)}: {without:,}"
        words = [
            f"Suspected labels: {count:,} of {self.films:,}" + (f" ({named})." if count else "."),
            f"How well the rest of the films tells a label: AUC {self.auc.text()}.",
        ]
        if self.contradictions:
            pictures = len(self.contradictions)
            words.append(f"Pictures that stand under both labels: {pictures:,}.")
        if self.unreadable:
            words.append(f"Films that cannot be read, and were not compared: {self.unreadable:,}.")
        return " ".join(words)

    @property
    def limitations(self) -> str:
        """What the list cannot see, in words; empty where the network learnt from none of the films."""
        if not self.learnt:
            return ""
        return (
            f"The network learnt from {self.learnt:,} of these films: a wrong label that it learnt by heart may look "
            "right to it now, and is then not listed."
        )

    def find(self, case: str) -> LabelIssue | None:
        """A film of the list by id."""
        return next((film for film in self.all_issues() if film.case == case), None)

    def all_issues(self) -> list[LabelIssue]:
        """All films of the list once, suspected ones first."""
        found = {film.case: film for film in self.suspected}
        for films in self.contradictions:
            found |= {film.case: film for film in films if film.case not in found}
        return list(found.values())

    def to_csv(self) -> bytes:
        """The list as CSV with a header, in UTF-8; the byte order mark tells spreadsheets so."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LABEL_ISSUE_COLUMNS)
        for number, film in enumerate(self.suspected, 1):
            writer.writerow(self._row(str(number), LABEL_DISAGREES, film))
        for number, films in enumerate(self.contradictions, 1):
            writer.writerows(self._row(str(number), BOTH_LABELS, film) for film in films)
        return file.getvalue().encode("utf-8-sig")

    def _row(self, rank: str, why: str, film: LabelIssue) -> list[str]:
        values = (film.case, film.path, label_text(film.label, self.finding), f"{film.probability:.4f}")
        return [escape_formula(value) for value in (rank, why, *values, film.split, film.regions, film.group)]

    def to_json(self) -> dict[str, Any]:
        """The list as plain JSON values."""
        return asdict(self) | {"auc": self.auc.to_json()}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "LabelIssues":
        """The list written by `rows_to_json`.

        Raises:
            DataError: it is no such list.
        """
        try:
            return cls(
                **{
                    **payload,
                    "auc": Interval.from_json(payload["auc"]),
                    "suspected": _films(payload["suspected"]),
                    "contradictions": tuple(_films(films) for films in payload["contradictions"]),
                    "unreadable_films": tuple(
                        (str(name), str(error)) for name, error in payload.get("unreadable_films", ())
                    ),
                }
            )
        except (TypeError, KeyError, ValueError, DataError) as error:
            raise DataError(
                f"Expected a list of suspected labels, but it is damaged ({error}): look for them again."
            ) from error


def _films(rows: Sequence[dict[str, Any]]) -> tuple[LabelIssue, ...]:
    return tuple(LabelIssue(**row) for row in rows)
