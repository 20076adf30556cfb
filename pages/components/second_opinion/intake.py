"""Upload of files, a zip or a folder, and the synthetic samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from fracture_core import paths as app_paths
from fracture_core.imaging.dropped_files import DroppedFile, expand_dropped
from fracture_core.imaging.study_images import StudyImages
from fracture_core.internal_errors import InternalFileError, file_boundary
from pages.components.common import boundary, layout, model_banner, resources
from pages.components.second_opinion import study_session

_OPENED, _SAMPLE = "opened", "sample"

#: Maximum number of file names in one message.
_MAX_NAMES = 5


def choose_files() -> Sequence[DroppedFile] | None:
    """Draw the upload widgets and the samples.

    Returns:
        The uploaded files, or the chosen sample; empty where there is neither. None while the user has to decide
        which study new images belong to: until then no answer is shown.
    """
    study_session.begin_session()
    _add_listeners()
    number = study_session.generation()
    keys = f"films {number}", f"folder {number}"
    # The browser empties an uploader while another page is shown; its widget is then new to the session.
    emptied = keys[0] not in st.session_state
    with st.container(key="intake"):
        left, right = st.columns([3, 1])
    files = left.file_uploader(
        "Images of one study",
        accept_multiple_files=True,
        key=keys[0],
        help="PNG, JPEG, TIFF, BMP, WebP, DICOM or a zip of them. Images stay in memory and are not written to disk.",
    )
    folder = right.file_uploader("Folder", accept_multiple_files="directory", key=keys[1])
    uploads = [*(files or []), *sorted(folder or [], key=lambda upload: upload.name)]
    sources = {upload.file_id: (upload.name, upload.getvalue) for upload in uploads}
    opened = _opened(sources)
    study_session.update(opened, emptied)
    study_session.release_uploads(sources)
    images = study_session.images()
    study_session.mark(bool(images.members))
    if sources and not any(opened.values()):
        st.warning("The upload contains only system files such as .DS_Store. Upload image files.")
    if not images.members and study_session.lost():
        st.warning(
            "The images of your study are no longer in memory: the app was restarted or the page reloaded. Upload them "
            "again."
        )
    if images.asks:
        _ask(images)
        return None
    _notes(images)
    return images.members or _sample()


def _add_listeners() -> None:
    """Take images that are dropped outside the uploader too, and redraw the page when the server is reached again."""
    st.button("Redraw", key="study_reconnected")  # hidden; pressed by the script
    script = (app_paths.assets_dir() / "second_opinion.js").read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def _ask(images: StudyImages) -> None:
    """Ask which study new images belong to."""
    current = _names(images.members)
    with st.container(border=True, key="study-question"):
        if images.waiting:
            st.markdown("**Same study or new study?**")
            st.markdown(
                f"New: {_names(images.waiting)}.  \nCurrent study: {current}.  \n"
                "The files do not identify their study."
            )
            with st.container(horizontal=True):
                st.button("Same study", on_click=boundary.callback(study_session.join))
                st.button("New study", on_click=boundary.callback(study_session.begin_with_waiting))
        if images.apart:
            _list_other_studies(images)
            if not images.waiting:
                st.markdown(f"Not added to the current study: {current}.")
                st.button("Keep the current study", on_click=boundary.callback(study_session.keep))


def _notes(images: StudyImages) -> None:
    """Draw which images are not part of the study, and which may not be."""
    if images.apart:
        with st.container(key="study-apart", gap="small"):
            _list_other_studies(images)
    if images.unidentified:
        count = len(images.unidentified)
        start = f"{_names(images.unidentified)} names" if count == 1 else f"{count} images name"
        st.markdown(
            f":orange[Check:] {start} no patient and no study. Make sure that "
            f"{'it belongs' if count == 1 else 'they belong'} to this study.",
            help=None if count == 1 else _names(images.unidentified),
        )


def _list_other_studies(images: StudyImages) -> None:
    """Draw one line for each other study, with a button that opens it."""
    for number, files in enumerate(images.other_studies):
        with st.container(horizontal=True, vertical_alignment="center", key=f"other study {number}"):
            st.markdown(f"**Another patient or study:** {_names(files)}.", width="content")
            st.button(
                f"Open {'this image' if len(files) == 1 else f'these {len(files)} images'}",
                key=f"open other {number}",
                on_click=boundary.callback(study_session.open_other),
                args=(number,),
            )


def _names(files: Sequence[DroppedFile]) -> str:
    """The names of the first files, and how many more there are."""
    shown = [layout.escape_markdown(file.name.rsplit("/", 1)[-1]) for file in files[:_MAX_NAMES]]
    more = len(files) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _opened(sources: dict[str, tuple[str, Callable[[], bytes]]]) -> dict[str, list[DroppedFile]]:
    """The files in each upload. Each upload is opened once, so that a file stays the same object."""
    opened: dict[str, list[DroppedFile]] = st.session_state.setdefault(_OPENED, {})
    for stale in set(opened) - set(sources):
        del opened[stale]
    for key, (name, content) in sources.items():
        if key not in opened:
            opened[key] = _dropped(name, content())
    return {key: opened[key] for key in sources}


def _dropped(name: str, content: bytes) -> list[DroppedFile]:
    try:
        with file_boundary():
            return expand_dropped(name, content)
    except InternalFileError as error:
        return [DroppedFile(name, b"", str(error))]


def _sample() -> list[DroppedFile]:
    """Draw the samples; return the chosen one."""
    paths = sorted(
        path for path in (app_paths.assets_dir() / "samples").glob("synthetic_*") if path.is_file()
    )
    chosen = st.session_state.get(_SAMPLE)
    if chosen in paths:
        st.caption(model_banner.sample_caption(resources.card_in_use()))
        return _opened({str(chosen): (chosen.name, chosen.read_bytes)})[str(chosen)]
    st.markdown("**Samples** (synthetic, not from patients)")
    gallery = st.container(key="samples")
    for place, path in zip(gallery.columns(max(4, len(paths))), paths, strict=False):
        with place:
            st.image(app_paths.sample_thumbnail(path), width="stretch", alt=f"Sample: {_title(path)}")
            if st.button(_title(path), key=f"sample {path.name}", width="stretch"):
                st.session_state[_SAMPLE] = path
                st.rerun()
    return []


def _title(path: Path) -> str:
    """The title of a sample: synthetic_leg_fracture.dcm → Leg, fracture (DICOM)."""
    region, *label = path.stem.split("_")[1:]
    file_type = " (DICOM)" if path.suffix == ".dcm" else ""
    return f"{region.capitalize()}, {' '.join(label)}{file_type}"
