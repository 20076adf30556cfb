"""Second opinion: films in; verdict, probability and where the model looked out."""

from pathlib import Path

import streamlit as st

from fracture_core import places
from fracture_core.imaging import read, to_png
from fracture_core.words import verdict_words
from pages.parts import answer, film, layout, resources, save, study

_STRIP = 6


def main() -> None:
    """The page."""
    layout.title(
        "Second opinion",
        "Drop the films of a study: PNG, JPEG, TIFF, BMP, WebP or DICOM. They stay in this computer's memory and are "
        "written nowhere.",
    )
    card = resources.card_in_use()
    uploads = st.file_uploader(
        "Radiographs",
        accept_multiple_files=True,
        label_visibility="collapsed",
        key=f"films {study.generation()}",
        help="What a file is, its content decides, not its name.",
    )
    files = study.kept([(upload.name, upload.getvalue()) for upload in uploads or []])
    if not files:
        chosen = _samples()
        if chosen is None:
            study.judge([], card)  # what was removed is forgotten
            return
        files = [(chosen.name, chosen.read_bytes())]
    entries = study.judge(files, card)
    entry = _strip(entries) if len(entries) > 1 else entries[0]
    _answer(entry)
    save.show(entries, entry)
    st.button("Forget these films", on_click=study.forget)


def _answer(entry: study.Entry) -> None:
    """One film and what the model says of it."""
    if entry.opinion is None:
        st.error(layout.plain(f"{entry.name}: {entry.error}"))
        return
    opinion = entry.opinion
    with st.container(key="reading"):
        left, right = st.columns([3, 2], gap="large")
    with right:
        st.subheader(layout.plain(entry.name), anchor=False)
        st.caption(f"{opinion.film.kind}, {opinion.film.width} × {opinion.film.height} pixels")
        if opinion.verdict is None or opinion.probability is None:
            answer.no_verdict(opinion.gate)
        else:
            answer.verdict(opinion.verdict, opinion.probability, opinion.card)
            answer.meaning(opinion)
            answer.reasons(opinion.gate)
            answer.record(opinion, entry.key)
            answer.limits(opinion.card)
    with left, st.container(key="viewer"):
        film.viewer(opinion, entry.name, entry.key)


def _strip(entries: list[study.Entry]) -> study.Entry:
    """The films of a study side by side; the most suspicious is chosen first."""
    judged = {
        number: entry.probability for number, entry in enumerate(entries) if entry.probability is not None
    }
    first = max(judged, key=lambda number: judged[number], default=0)
    keys = [entry.key for entry in entries]
    chosen = st.session_state.get("film")
    if chosen not in keys:
        chosen = keys[first]
    if judged:
        worst = entries[first]
        st.markdown(
            f"**{len(entries)} films.** Most suspicious: {layout.plain(worst.name)}, {_words(worst).lower()}."
        )
    strip = st.container(key="strip")
    for start in range(0, len(entries), _STRIP):
        for place, entry in zip(strip.columns(_STRIP), entries[start : start + _STRIP], strict=False):
            with place:
                if entry.opinion is not None:
                    st.image(entry.opinion.thumbnail, width="stretch")
                if st.button(
                    f"**{_words(entry)}**  \n{layout.plain(entry.name)}",
                    key=f"choose {entry.key}",
                    type="primary" if entry.key == chosen else "secondary",
                    width="stretch",
                ):
                    st.session_state["film"] = entry.key
                    st.rerun()
    return entries[keys.index(chosen)]


def _words(entry: study.Entry) -> str:
    if entry.opinion is None:
        return "Not read"
    opinion = entry.opinion
    if opinion.verdict is None:
        return "No opinion"
    return verdict_words(opinion.verdict, opinion.card.finding).capitalize()


def _samples() -> Path | None:
    """Synthetic films to try the app on; what the user chose stays chosen."""
    paths = sorted(path for path in (places.assets() / "samples").glob("synthetic_*") if path.is_file())
    chosen = st.session_state.get("sample")
    if chosen in paths:
        st.caption(
            "A synthetic film, drawn by this app; the model has only seen real ones, so this shows the page and not "
            "its skill. Drop your own films above to replace it."
        )
        return chosen
    st.markdown(
        "**No film at hand?** Open a sample. They are synthetic: drawn by this app, no person was X-rayed."
    )
    gallery = st.container(key="samples")
    for place, path in zip(gallery.columns(max(4, len(paths))), paths, strict=False):
        with place:
            st.image(_thumbnail(str(path)), width="stretch")
            if st.button(_title(path), key=f"sample {path.name}", width="stretch"):
                st.session_state["sample"] = path
                st.rerun()
    return None


def _title(path: Path) -> str:
    """A sample's name in words: synthetic_leg_fracture.dcm → Leg, fracture (DICOM)."""
    words = path.stem.split("_")[1:]
    kind = " (DICOM)" if path.suffix == ".dcm" else ""
    return f"{words[0].capitalize()}, {' '.join(words[1:])}{kind}"


@st.cache_data(show_spinner=False, max_entries=16)
def _thumbnail(path: str) -> bytes:
    return to_png(read(Path(path)).pixels)


main()
