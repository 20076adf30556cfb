"""Files that `predict` writes on request: heatmaps, PDF reports and DICOM results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fracture_core.cli.command_helpers import make_output_folder, write_output
from fracture_core.errors import SecondLookError
from fracture_core.imaging.formats import may_be_dicom
from fracture_core.report import display_names
from fracture_core.report.overlay import OVERLAY_OPACITY, report_overlay_png
from fracture_core.report.sentences import recorded_region

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion


@dataclass(frozen=True)
class SavedOutputs:
    """The folders for the files; they are created.

    Attributes:
        heatmaps: folder for images with their heatmap; None to write none.
        pdf: folder for PDF reports; None to write none.
        dicom: folder for DICOM results; None to write none.
        keep_names: whether reports and DICOM results are named after the image files.

    Raises:
        SecondLookError: a folder cannot be created.
    """

    heatmaps: Path | None
    pdf: Path | None
    dicom: Path | None
    keep_names: bool
    _written: set[Path] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        for folder, name in (
            (self.heatmaps, "heatmaps"),
            (self.pdf, "reports"),
            (self.dicom, "DICOM results"),
        ):
            if folder:
                make_output_folder(folder, name)

    @property
    def needs_heatmap(self) -> bool:
        """Whether any file is written; each kind shows the heatmap."""
        return any((self.heatmaps, self.pdf, self.dicom))

    def write(self, opinion: Opinion, path: Path, number: int) -> None:
        """Write the requested files of one image.

        Args:
            opinion: the opinion on the image.
            path: the image file.
            number: position of the image among all images, from 1.

        Raises:
            SecondLookError: a file cannot be written, or a DICOM image does not identify its study.
        """
        if self.heatmaps and opinion.heat is not None:
            self._write_heatmap(opinion, self.heatmaps, path.stem)
        label = display_names.display_name(path.name, number, self.keep_names)
        stem = display_names.file_stem(label)
        region = recorded_region(opinion)
        if self.pdf:
            from fracture_core.report.pdf import opinion_to_pdf

            report = opinion_to_pdf(opinion, label, region, datetime.now().astimezone())
            self._write(self.pdf, stem, ".pdf", report, "report")
        if self.dicom and opinion.verdict is not None:
            content = path.read_bytes()
            if may_be_dicom(content):
                from fracture_core.report.dicom import opinion_to_dicom

                for name, data in opinion_to_dicom(opinion, content, region).items():
                    self._write(self.dicom, stem, f".{name}", data, "DICOM result")

    def _write_heatmap(self, opinion: Opinion, folder: Path, stem: str) -> None:
        from fracture_core.imaging import blend_heatmap, encode_png

        assert opinion.heat is not None
        if opinion.gate.out_of_scope:
            # The band below the image carries the warning.
            png = report_overlay_png(opinion)
        else:
            png = encode_png(blend_heatmap(opinion.film.shown, opinion.heat.to_film(), OVERLAY_OPACITY))
        self._write(folder, stem, ".heatmap.png", png, "heatmap")

    def _write(self, folder: Path, stem: str, suffix: str, content: bytes, name: str) -> None:
        """Write under a name that no earlier image has: images of several folders may share their name."""
        candidates = (
            folder / f"{stem}{counter}{suffix}"
            for counter in ("", *(f"-{number}" for number in range(2, len(self._written) + 3)))
        )
        path = next(path for path in candidates if path not in self._written)
        self._written.add(path)
        write_output(path, content, name, SecondLookError)
