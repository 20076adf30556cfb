"""The tab *Report*: download buttons for an image and its study. Files are created when a button is pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.imaging.formats import may_be_dicom
from fracture_core.imaging.study_header import read_image_view, read_study_header
from fracture_core.internal_errors import file_boundary
from fracture_core.report import display_names, table
from pages.components.common import boundary, layout
from pages.components.second_opinion import image_choices, kept_opinions

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.reader_opinion import ReaderOpinion
    from fracture_core.report.study_archive import StudyItem
    from fracture_core.report.study_pdf import StudyEntry


class SavableImage(Protocol):
    """An image of a study, as the downloads need it."""

    @property
    def name(self) -> str:
        """File name."""

    @property
    def key(self) -> str:
        """Unique key within the study."""

    @property
    def content(self) -> bytes:
        """Bytes of the file."""

    @property
    def error(self) -> str:
        """Error message where there is no opinion, else empty."""

    @property
    def summary(self) -> Opinion | None:
        """The opinion with a thumbnail in place of the image."""

    @property
    def opinion(self) -> Opinion | None:
        """The opinion with the full image."""

    def explained(self) -> Opinion | None:
        """The summary with a heatmap."""


def show(films: Sequence[SavableImage], film: SavableImage) -> None:
    """Draw the download buttons.

    Args:
        films: images of the study.
        film: the open image.
    """
    with st.container(key="saving", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            keep = st.checkbox(
                "Include file names",
                key=image_choices.KEEP_NAMES,
                help="File names may contain patient names. Without this, images are numbered.",
            )
            identify = any(may_be_dicom(other.content) for other in films) and st.checkbox(
                "Include patient, date and view",
                key="save patient",
                help="Adds patient, accession number, study date, side and view from the DICOM header to the study "
                "report.",
            )
        opinion = film.opinion
        label = image_choices.file_label(film.name, films.index(film) + 1)
        notes = []
        with st.container(horizontal=True, gap="small"):
            _study(films, keep, identify)
            if opinion is not None:
                _film(film, opinion, label)
            if opinion is not None and opinion.verdict is not None and may_be_dicom(film.content):
                notes.append(_dicom(film, opinion, label))
        if len(films) > 1 and any(may_be_dicom(other.content) for other in films):
            notes.append("“All images” includes DICOM results, which contain patient names.")
        if notes:
            st.caption(layout.escape_markdown(" ".join(notes)))
        kept_opinions.show_switch()


def _film(film: SavableImage, opinion: Opinion, label: str) -> None:
    """Draw the downloads of one image."""
    stem, region = display_names.file_stem(label), image_choices.choose_region(opinion, film.key)
    reader = image_choices.reader_opinion(film.key)

    def report() -> bytes:
        from fracture_core.report.pdf import opinion_to_pdf

        return opinion_to_pdf(opinion, label, region, _now(), reader)

    def picture() -> bytes:
        from fracture_core.report.overlay import report_overlay_png

        return report_overlay_png(opinion)

    _button("Image report (PDF)", report, f"{stem}.second-look.pdf", "application/pdf")
    if opinion.heat is not None:
        _button("Overlay (PNG)", picture, f"{stem}.second-look.png", "image/png")


@dataclass(frozen=True)
class _Choices:
    """What the user chose about one image. Downloads are made in a thread without session state."""

    label: str
    region: str
    reader: ReaderOpinion


def _choices(films: Sequence[SavableImage], keep: bool) -> list[_Choices]:
    return [
        _Choices(
            display_names.display_name(film.name, number, keep),
            image_choices.choose_region(film.summary, film.key) if film.summary else "",
            image_choices.reader_opinion(film.key),
        )
        for number, film in enumerate(films, 1)
    ]


def _study(films: Sequence[SavableImage], keep: bool, identify: bool) -> None:
    """Draw the downloads of the whole study."""
    choices = _choices(films, keep)

    def report() -> bytes:
        from fracture_core.report.study_pdf import study_to_pdf

        return study_to_pdf(
            _entries(films, choices, identify),
            _items(films, choices),
            _now(),
            _identification(films) if identify else "",
        )

    def rows() -> list[dict]:
        explained = [film.explained() for film in films]
        found = [
            table.opinion_row(choice.label, opinion, film.error, choice.reader)
            for film, opinion, choice in zip(films, explained, choices, strict=True)
        ]
        study = table.study_row([choice.label for choice in choices], explained)
        return [*found, study] if study else found

    _button("Study report (PDF)", report, "second-look.pdf", "application/pdf")
    _button("Results (CSV)", lambda: table.rows_to_csv(rows()), "second-look.csv", "text/csv")
    _button("Results (JSON)", lambda: table.rows_to_json(rows()), "second-look.json", "application/json")
    if len(films) > 1:

        def everything() -> bytes:
            from fracture_core.report.study_archive import study_to_zip

            return study_to_zip(_items(films, choices), _now())

        _button("All images (zip)", everything, "second-look.zip", "application/zip")


def _dicom(film: SavableImage, opinion: Opinion, label: str) -> str:
    """Draw the download of DICOM results; return a note, or why there are none."""
    # Imported here, because other formats do not need pydicom.
    from fracture_core.report.dicom_source import read_dicom_source

    try:
        with file_boundary():
            read_dicom_source(film.content)
    except SecondLookError as error:
        return f"No DICOM results: {error}"
    region = image_choices.choose_region(opinion, film.key)
    reader = image_choices.reader_opinion(film.key)

    def results() -> bytes:
        from fracture_core.report.dicom import opinion_to_dicom
        from fracture_core.report.study_archive import zip_files

        return zip_files(opinion_to_dicom(opinion, film.content, region, reader))

    _button(
        "DICOM results (zip)",
        results,
        f"{display_names.file_stem(label)}.second-look-dicom.zip",
        "application/zip",
    )
    return "DICOM results (secondary capture and structured report) contain the patient's name and IDs."


def _entries(films: Sequence[SavableImage], choices: Sequence[_Choices], identify: bool) -> list[StudyEntry]:
    from fracture_core.report.study_pdf import StudyEntry

    return [
        StudyEntry(
            choice.label,
            film.summary,
            film.error,
            choice.region,
            read_image_view(film.content).text if identify else "",
            choice.reader,
        )
        for film, choice in zip(films, choices, strict=True)
    ]


def _identification(films: Sequence[SavableImage]) -> str:
    """Patient, accession and date of the first DICOM image as one line."""
    first = next(film for film in films if may_be_dicom(film.content))
    header = read_study_header(first.content)
    accession = f"accession {header.accession}" if header.accession else ""
    return " · ".join(filter(None, (header.patient, accession, header.study_date)))


def _items(films: Sequence[SavableImage], choices: Sequence[_Choices]) -> Iterator[StudyItem]:
    from fracture_core.report.study_archive import StudyItem

    for film, choice in zip(films, choices, strict=True):
        yield StudyItem(
            choice.label,
            film.content,
            film.opinion if film.explained() else None,
            film.error,
            choice.region,
            choice.reader,
        )


def _button(label: str, make: Callable[[], bytes | str], name: str, mime: str) -> None:
    st.download_button(
        label, data=boundary.download(make), file_name=name, mime=mime, on_click="ignore", key=f"save {label}"
    )


def _now() -> datetime:
    return datetime.now().astimezone()
