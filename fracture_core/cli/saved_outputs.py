"""What `predict` writes beside its rows: heatmaps, reports, DICOM results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core.errors import SecondLookError
from fracture_core.report import display_names
from fracture_core.report.dicom_source import is_dicom_content
from fracture_core.report.overlay import OVERLAY_OPACITY, report_overlay_png
from fracture_core.report.sentences import recorded_region

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion


@dataclass(frozen=True)
class SavedOutputs:
    """Where it goes; the folders are made.

    Attributes:
        heatmaps: folder of films with their heatmaps; None for none.
        pdf: folder of reports; likewise.
        dicom: folder of DICOM results; likewise.
        keep_names: whether reports and DICOM results are named after the films' files.

    Raises:
        SecondLookError: a folder cannot be made.
    """

    heatmaps: Path | None
    pdf: Path | None
    dicom: Path | None
    keep_names: bool
    _taken: set[Path] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        for folder, what in (
            (self.heatmaps, "heatmaps"),
            (self.pdf, "reports"),
            (self.dicom, "DICOM results"),
        ):
            if folder:
                _make(folder, what)

    @property
    def is_needed(self) -> bool:
        """Whether anything is written, for which the heatmap is needed."""
        return any((self.heatmaps, self.pdf, self.dicom))

    def write(self, opinion: Opinion, path: Path, number: int) -> None:
        """Writes what was asked for of one film.

        Args:
            opinion: on it.
            path: its file.
            number: its place among the films, from 1.

        Raises:
            SecondLookError: the disk refuses, or a DICOM film does not say what study it is part of.
        """
        if self.heatmaps and opinion.heat is not None:
            self._heatmap(opinion, self.heatmaps, path.stem)
        label = display_names.display_name(path.name, number, self.keep_names)
        region = recorded_region(opinion)
        if self.pdf:
            from fracture_core.report.pdf import opinion_to_pdf

            report = opinion_to_pdf(opinion, label, region, datetime.now().astimezone())
            _write(self._free(self.pdf, display_names.file_stem(label), ".pdf"), report, "report")
        if self.dicom and opinion.verdict is not None:
            content = path.read_bytes()
            if is_dicom_content(content):
                from fracture_core.report.dicom import opinion_to_dicom

                for name, data in opinion_to_dicom(opinion, content, region).items():
                    place = self._free(self.dicom, display_names.file_stem(label), f".{name}")
                    _write(place, data, "DICOM result")

    def _heatmap(self, opinion: Opinion, folder: Path, stem: str) -> None:
        from fracture_core.imaging import blend_heatmap, encode_png

        assert opinion.heat is not None
        if opinion.gate.out_of_scope:
            # The legend below the film carries the warning.
            picture = report_overlay_png(opinion)
        else:
            picture = encode_png(blend_heatmap(opinion.film.shown, opinion.heat.to_film(), OVERLAY_OPACITY))
        _write(self._free(folder, stem, ".heatmap.png"), picture, "heatmap")

    def _free(self, folder: Path, stem: str, ending: str) -> Path:
        """A place that no film before had: films of several folders may share their name."""
        tries = (
            folder / f"{stem}{mark}{ending}"
            for mark in ("", *(f"-{number}" for number in range(2, len(self._taken) + 3)))
        )
        place = next(place for place in tries if place not in self._taken)
        self._taken.add(place)
        return place


def _make(folder: Path, what: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SecondLookError(
            f"Expected a folder for {what} at {folder}, but the disk said “{error.strerror}”: choose another."
        ) from error


def _write(path: Path, data: bytes, what: str) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SecondLookError(
            f"Expected to write the {what} to {path}, but the disk said “{error.strerror}”: choose another folder."
        ) from error
