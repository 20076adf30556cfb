"""Download buttons for an image and its study. Files are created when a button is pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.imaging.formats import may_be_dicom
from fracture_core.internal_errors import file_boundary
from fracture_core.report import display_names, table
from pages.components.common import boundary, layout
from pages.components.second_opinion import image_choices

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion
    from fracture_core.report.study_archive import StudyItem


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
            st.markdown("**Save**", width="content")
            keep = st.checkbox(
                "Include file names",
                key=image_choices.KEEP_NAMES,
                help="File names may contain patient names. Without this, images are numbered.",
            )
        opinion, label = film.opinion, image_choices.file_label(film.name, films.index(film) + 1)
        notes = []
        with st.container(horizontal=True, gap="small"):
            if opinion is not None:
                _film(film, opinion, label)
            _study(films, keep)
            if opinion is not None and opinion.verdict is not None and may_be_dicom(film.content):
                notes.append(_dicom(film, opinion, label))
        if len(films) > 1 and any(may_be_dicom(other.content) for other in films):
            notes.append("“All images” includes DICOM results, which contain patient names.")
        if notes:
            st.caption(layout.escape_markdown(" ".join(notes)))


def _film(film: SavableImage, opinion: Opinion, label: str) -> None:
    """Draw the downloads of one image."""
    stem, region = display_names.file_stem(label), image_choices.choose_region(opinion, film.key)

    def report() -> bytes:
        from fracture_core.report.pdf import opinion_to_pdf

        return opinion_to_pdf(opinion, label, region, _now())

    def picture() -> bytes:
        from fracture_core.report.overlay import report_overlay_png

        return report_overlay_png(opinion)

    _button("Report (PDF)", report, f"{stem}.second-look.pdf", "application/pdf")
    if opinion.heat is not None:
        _button("Overlay (PNG)", picture, f"{stem}.second-look.png", "image/png")


def _study(films: Sequence[SavableImage], keep: bool) -> None:
    """Draw the downloads of the whole study."""

    def rows() -> list[dict]:
        return [
            table.opinion_row(
                display_names.display_name(film.name, number, keep), film.explained(), film.error
            )
            for number, film in enumerate(films, 1)
        ]

    _button("Results (CSV)", lambda: table.rows_to_csv(rows()), "second-look.csv", "text/csv")
    _button("Results (JSON)", lambda: table.rows_to_json(rows()), "second-look.json", "application/json")
    if len(films) > 1:
        # Downloads are created in a thread without session state, so the regions are looked up here.
        regions = [
            image_choices.choose_region(film.summary, film.key) if film.summary else "" for film in films
        ]

        def everything() -> bytes:
            from fracture_core.report.study_archive import study_to_zip

            return study_to_zip(_items(films, regions, keep), _now())

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

    def results() -> bytes:
        from fracture_core.report.dicom import opinion_to_dicom
        from fracture_core.report.study_archive import zip_files

        return zip_files(opinion_to_dicom(opinion, film.content, region))

    _button(
        "DICOM results (zip)",
        results,
        f"{display_names.file_stem(label)}.second-look-dicom.zip",
        "application/zip",
    )
    return "DICOM results (secondary capture and structured report) contain the patient's name and IDs."


def _items(films: Sequence[SavableImage], regions: Sequence[str], keep: bool) -> Iterator[StudyItem]:
    from fracture_core.report.study_archive import StudyItem

    for number, (film, region) in enumerate(zip(films, regions, strict=True), 1):
        yield StudyItem(
            display_names.display_name(film.name, number, keep),
            film.content,
            film.opinion if film.explained() else None,
            film.error,
            region,
        )


def _button(label: str, make: Callable[[], bytes | str], name: str, mime: str) -> None:
    st.download_button(
        label, data=boundary.download(make), file_name=name, mime=mime, on_click="ignore", key=f"save {label}"
    )


def _now() -> datetime:
    return datetime.now().astimezone()
