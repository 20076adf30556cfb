"""One film: the film itself, where the model looked, the true fracture, and the numbers."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from fracture_core.data.cases import Box
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.imaging import blend, legend
from fracture_core.registry.card import Card
from fracture_core.report import sentences
from fracture_core.words import a_finding, label_words, told_of, verdict_words
from pages.parts import (
    boundary,
    failures_alike,
    failures_compare,
    failures_films,
    failures_gallery,
    failures_link,
    failures_list,
    failures_relatives,
    failures_review,
    failures_state,
    folder,
    similar,
    teaching_collect,
)
from pages.parts.failures_compare import Second
from pages.parts.failures_films import Look
from pages.parts.failures_record import Record
from pages.parts.failures_state import View

# Beyond this the film in the folder is not the film of the record; below it lies the noise of libraries.
_SAME = 0.01


def show(record: Record, seen: View) -> None:
    """The opened film."""
    row = seen.cells[seen.cells["id"] == seen.case].iloc[0].to_dict()
    card = record.card
    st.subheader(f"Film {failures_list.short(seen.case)}", anchor=False)
    _steps(seen, record)
    film = failures_gallery.film_of(record)
    # Drawn where it is settled, too: a field that goes in the very run that its text came in forgets that text.
    with st.expander("Folder of the data set") if folder.known(card, film) else st.container():
        root = folder.choose(card, film)
    other = failures_compare.choose(record)
    compared = failures_compare.second(other, record, row, str(root) if root else None) if other else None
    films, words = st.columns([5, 2], gap="medium")
    fractures: tuple[Box, ...] = ()
    found: Look | None = None
    with films:
        if root is None:
            st.info("To see this film and where the model looked, name the folder of the data set above.")
        else:
            fractures = failures_films.boxes(str(root)).get(seen.case, ())
            found = ask(card, str(root), row["path"])
            if found is not None:
                pictures(found, fractures, bool(row["label"]), seen.case, card.finding, compared)
        if compared is not None:
            st.html(failures_compare.words(compared, card, row, seen.threshold))
        failures_review.show(card, seen.case)
        teaching_collect.show(record.card, [seen.case])
    with words:
        st.html(facts(card, row, seen.threshold, len(fractures)))
        if meant := sentences.meant(row["verdict"], card):
            st.caption(meant)
        if found is not None:
            st.html(answer(found, float(row["probability"])))
    failures_relatives.show(record, row, root)
    if found is not None and found.probability is not None:
        similar.show(found.features, card, synthetic=False, asks=False)


def ask(card: Card, root: str, path: str) -> Look | None:
    """What the model sees; the bare film where the model cannot be loaded; None where the film cannot be read."""
    try:
        return failures_films.look(card, root, path)
    except ImageReadError as error:
        st.warning(str(error))
        return None
    except ModelError as error:
        st.warning(f"There is no heatmap. {error}")
    try:
        return Look(failures_films.film(root, path), None, None, (), 1.0)
    except ImageReadError as error:
        st.warning(str(error))
        return None


def _steps(seen: View, record: Record) -> None:
    """Back, previous and next, by button or key; films like this one; the link."""
    finding = record.card.finding
    ids = list(seen.films()["id"])
    place, before, after = failures_list.neighbours(ids, seen.case)
    with st.container(horizontal=True, vertical_alignment="center", key="failures-steps"):
        st.button(
            "Back to the list",
            key="failures_back",
            shortcut="b",
            on_click=boundary.callback(failures_state.close_case),
            args=(failures_list.page_of(place or 0),),
        )
        st.button(
            "Previous",
            key="failures_previous",
            shortcut="p",
            disabled=before is None,
            on_click=boundary.callback(failures_state.step),
            args=(ids, -1),
        )
        st.button(
            "Next",
            key="failures_next",
            shortcut="n",
            disabled=after is None,
            on_click=boundary.callback(failures_state.step),
            args=(ids, 1),
        )
        if failures_alike.possible(record.card):
            st.button(
                "List films like this",
                key="failures_alike",
                on_click=boundary.callback(failures_state.list_like),
                args=(seen.case,),
                help="Orders the list by how alike the model finds the films; it looks at each of them once for that.",
            )
        failures_link.show(record, seen)
        kind = told_of(failures_list.KINDS[seen.kind], finding).lower()
        where = f"{place + 1:,} of {len(ids):,}" if place is not None else "not one of the"
        region = f", {seen.region}" if seen.region else ""
        st.html(f'<span class="count">{html.escape(f"{where} {kind}{region}")}</span>', width="content")


@boundary.fragment
def pictures(
    found: Look,
    fractures: tuple[Box, ...],
    broken: bool,
    case: str,
    finding: str,
    other: Second | None = None,
) -> None:
    """Film and heatmaps side by side; a fragment, so that the slider blends again and does nothing else."""
    shown: tuple[Box, ...] = ()
    if fractures:
        marked = st.checkbox(
            f"Draw the true {finding}", value=True, key="failures_boxes", persist_state="session"
        )
        shown = fractures if marked else ()
    looks = [("", found)]
    if other is not None and other.look is not None:
        looks.append((f", {other.card.title}", other.look))
    film, *places = st.columns(1 + len(looks))
    with film:
        _image(found.film, shown, f"Film {case}")
        st.caption("Film" + (f", with the true {finding}" if shown else ""))
        if broken and not fractures:
            st.caption(f"The data set does not say where the {finding} is.")
    opacity = 60
    if any(look.heat is not None for _, look in looks):
        opacity = st.slider(
            "Heatmap opacity", 0, 100, 60, 5, format="%d%%", key="failures_opacity", persist_state="session"
        )
    for place, (whose, look) in zip(places, looks, strict=True):
        with place:
            _heatmap(look, shown, f"Film {case} with heatmap{whose}", opacity, whose)
    if any(look.heat is not None for _, look in looks):
        st.html(
            '<p class="note">Grad-CAM: what made a model suspicious, on one scale for every film of that model. It '
            f"shows what the model used, not where {a_finding(finding)} is.</p>"
        )


def _heatmap(found: Look, shown: tuple[Box, ...], alt: str, opacity: int, whose: str) -> None:
    """A film with what a model saw in it, and the scale of its colours; words where there is nothing to draw."""
    if found.heat is None:
        st.html(f'<p class="nothing">{html.escape(nothing(found))}</p>')
        st.caption(f"No heatmap{whose}" if whose else "No heatmap")
        return
    _image(blend(found.film / np.float32(255), found.heat / np.float32(255), opacity / 100), shown, alt)
    st.caption(f"Where the model looked{whose}; {strength(found.heat)}")
    st.html(
        '<div class="legend"><span>no evidence</span>'
        f'<img alt="Colour scale of the heatmap" src="{failures_films.data_uri(legend(256, 8))}">'
        f"<span>{found.scale:.2g} or more</span></div>"
    )


def _image(array: np.ndarray, fractures: tuple[Box, ...], alt: str) -> None:
    picture = failures_films.with_boxes(array, fractures) if fractures else array
    st.image(picture, width="stretch", alt=alt)


def strength(heat: np.ndarray) -> str:
    """How far the strongest point reaches on the scale, in words, because faint colour is easily overlooked."""
    share = 100 * int(heat.max()) / 255
    faint = ", hardly to be seen" if share < 15 else ""
    return f"the strongest point reaches {share:.0f}% of the scale{faint}"


def nothing(found: Look) -> str:
    """Why there is no heatmap."""
    if found.probability is not None:
        return (
            "No positive evidence: nothing in this film raised the model's suspicion, so there is no heatmap."
        )
    if found.reasons:
        return "The model does not judge this film, so there is no heatmap. " + " ".join(found.reasons)
    return "The model could not be asked, so there is no heatmap."


def facts(card: Card, row: dict, threshold: float, marked: int) -> str:
    """The numbers of a film as HTML; they need no film."""
    probability, label = float(row["probability"]), int(row["label"])
    called = label_words(probability >= threshold, card.finding)
    where = f", marked in {marked} place{'s' if marked > 1 else ''}" if marked else ""
    lines = [
        ("Truth", label_words(label, card.finding) + where),
        ("Verdict", verdict_words(row["verdict"], card.finding)),
        ("Probability", f"{probability:.3f}"),
        ("At the threshold", f"{called} ({threshold:.3f})"),
        ("Region", ", ".join(row["regions"].split()) or "not named"),
        ("Record", record_words(card, row["regions"], label)),
        ("Group", "of its own" if row["group"] in ("", row["id"]) else row["group"]),
        ("File", row["path"]),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(str(value))}</dd>" for name, value in lines)
    word = told_of(failures_list.WORDS[row["cell"]], card.finding)
    return f'<div class="facts {row["cell"]}"><div class="kind">{word}</div><dl>{body}</dl></div>'


def record_words(card: Card, regions: str, label: int) -> str:
    """How good the model has been on films like this one, at the card's own threshold."""
    name = "sensitivity" if label else "specificity"
    parts = []
    for region in regions.split() or [""]:
        record = card.record(region)
        if record is not None:
            parts.append(f"{region or 'all films'}: {name} {getattr(record, name).text()}")
    return "; ".join(parts) or "none for this region"


def answer(found: Look, recorded: float) -> str:
    """What the model says when it is asked again, as HTML; empty where it was not asked or has nothing to add."""
    words = []
    if found.probability is not None and abs(found.probability - recorded) > _SAME:
        words.append(
            f"Asked again just now, the model gives this film {found.probability:.3f}; its record says {recorded:.3f}. "
            "The film in this folder may not be the one it was tested on."
        )
    if found.probability is not None:
        words += found.reasons
    return "".join(f'<p class="gate">{html.escape(sentence)}</p>' for sentence in words) or "<span></span>"
