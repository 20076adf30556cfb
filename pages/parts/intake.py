"""Where films come in: files, a zip, a folder, or a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from fracture_core import places
from fracture_core.imaging import read, to_png
from fracture_core.imaging.bundle import Dropped, dropped
from pages.parts import model_banner, resources, study

_OPENED, _SAMPLE = "opened", "sample"


def films() -> Sequence[Dropped]:
    """The films of the study: what was dropped, or else the sample that was chosen; empty where there is neither."""
    number = study.generation()
    with st.container(key="intake"):
        left, right = st.columns([3, 1])
    files = left.file_uploader(
        "Films of one study, or a zip of them",
        accept_multiple_files=True,
        key=f"films {number}",
        help="What a file is, its content decides, not its name.",
    )
    folder = right.file_uploader(
        "Or a whole folder", accept_multiple_files="directory", key=f"folder {number}"
    )
    uploads = [*(files or []), *sorted(folder or [], key=lambda upload: upload.name)]
    sources = {upload.file_id: (upload.name, upload.getvalue) for upload in uploads}
    found = study.kept(_opened(sources), bool(sources))
    if sources and not found:
        st.warning(
            "Only files of the system arrived, such as .DS_Store; expected films: drop the films themselves."
        )
    return found or _sample()


def _opened(sources: dict[str, tuple[str, Callable[[], bytes]]]) -> list[Dropped]:
    """The films behind what was dropped; each source is opened once, so that a film stays the same object."""
    opened: dict[str, list[Dropped]] = st.session_state.setdefault(_OPENED, {})
    for stale in set(opened) - set(sources):
        del opened[stale]
    for key, (name, content) in sources.items():
        if key not in opened:
            opened[key] = dropped(name, content())
    return [film for key in sources for film in opened[key]]


def _sample() -> list[Dropped]:
    """A synthetic film to try the app on; what the user chose stays chosen."""
    paths = sorted(path for path in (places.assets() / "samples").glob("synthetic_*") if path.is_file())
    chosen = st.session_state.get(_SAMPLE)
    if chosen in paths:
        st.caption(model_banner.sample_caption(resources.card_in_use()))
        return _opened({str(chosen): (chosen.name, chosen.read_bytes)})
    st.markdown(
        "**No film at hand?** Open a sample. They are synthetic: drawn by this app, no person was X-rayed."
    )
    gallery = st.container(key="samples")
    for place, path in zip(gallery.columns(max(4, len(paths))), paths, strict=False):
        with place:
            st.image(_thumbnail(str(path)), width="stretch")
            if st.button(_title(path), key=f"sample {path.name}", width="stretch"):
                st.session_state[_SAMPLE] = path
                st.rerun()
    return []


def _title(path: Path) -> str:
    """A sample's name in words: synthetic_leg_fracture.dcm → Leg, fracture (DICOM)."""
    words = path.stem.split("_")[1:]
    kind = " (DICOM)" if path.suffix == ".dcm" else ""
    return f"{words[0].capitalize()}, {' '.join(words[1:])}{kind}"


@st.cache_data(show_spinner=False, max_entries=16)
def _thumbnail(path: str) -> bytes:
    return to_png(read(Path(path)).shown)
