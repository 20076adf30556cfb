"""One film: the film itself, where the model looked, the true fracture, and the numbers."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from fracture_core.datasets.cases import Box
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.imaging import blend_heatmap, render_legend
from fracture_core.registry.card import ModelCard
from fracture_core.report import sentences
from fracture_core.vocabulary import finding_with_article, label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary, case_images, data_folder
from pages.components.common.case_images import DisplayedCase
from pages.components.common.test_record import TestRecord
from pages.components.failures import (
    case_list,
    gallery,
    link,
    model_comparison,
    related_cases,
    review_form,
    similar_cases,
    state,
)
from pages.components.failures.model_comparison import SecondModel
from pages.components.failures.state import CaseView
from pages.components.second_opinion import similar_images
from pages.components.teaching import collect

# Beyond this the film in the folder is not the film of the record; below it lies the noise of libraries.
_SAME = 0.01


def show(record: TestRecord, seen: CaseView) -> None:
    """The opened film."""
    row = seen.cells[seen.cells["id"] == seen.case].iloc[0].to_dict()
    card = record.card
    st.subheader(f"Film {case_list.short_name(seen.case)}", anchor=False)
    _steps(seen, record)
    film = gallery.path_of(record)
    # Drawn where it is settled, too: a field that goes in the very run that its text came in forgets that text.
    with st.expander("Folder of the data set") if data_folder.known_folder(card, film) else st.container():
        root = data_folder.choose_folder(card, film)
    other = model_comparison.choose_model(record)
    compared = (
        model_comparison.ask_second_model(other, record, row, str(root) if root else None) if other else None
    )
    films, words = st.columns([5, 2], gap="medium")
    fractures: tuple[Box, ...] = ()
    found: DisplayedCase | None = None
    with films:
        if root is None:
            st.info("To see this film and where the model looked, name the folder of the data set above.")
        else:
            fractures = case_images.true_boxes(str(root)).get(seen.case, ())
            found = explain_case(card, str(root), row["path"])
            if found is not None:
                show_images(found, fractures, bool(row["label"]), seen.case, card.finding, compared)
        if compared is not None:
            st.html(model_comparison.comparison_html(compared, card, row, seen.threshold))
        review_form.show(card, seen.case)
        collect.show(record.card, [seen.case])
    with words:
        st.html(facts_html(card, row, seen.threshold, len(fractures)))
        if meant := sentences.verdict_meaning_in_tests(row["verdict"], card):
            st.caption(meant)
        if found is not None:
            st.html(answer_html(found, float(row["probability"])))
    related_cases.show(record, row, root)
    if found is not None and found.probability is not None:
        similar_images.show(found.features, card, synthetic=False, asks=False)


def explain_case(card: ModelCard, root: str, path: str) -> DisplayedCase | None:
    """What the model sees; the bare film where the model cannot be loaded; None where the film cannot be read."""
    try:
        return case_images.explain_case(card, root, path)
    except ImageReadError as error:
        st.warning(str(error))
        return None
    except ModelError as error:
        st.warning(f"There is no heatmap. {error}")
    try:
        return DisplayedCase(case_images.load_image(root, path), None, None, (), 1.0)
    except ImageReadError as error:
        st.warning(str(error))
        return None


def _steps(seen: CaseView, record: TestRecord) -> None:
    """Back, previous and next, by button or key; films like this one; the link."""
    finding = record.card.finding
    ids = list(seen.films()["id"])
    place, before, after = case_list.neighbours(ids, seen.case)
    with st.container(horizontal=True, vertical_alignment="center", key="failures-steps"):
        st.button(
            "Back to the list",
            key="failures_back",
            shortcut="b",
            on_click=boundary.callback(state.close_case),
            args=(case_list.page_of_case(place or 0),),
        )
        st.button(
            "Previous",
            key="failures_previous",
            shortcut="p",
            disabled=before is None,
            on_click=boundary.callback(state.step_case),
            args=(ids, -1),
        )
        st.button(
            "Next",
            key="failures_next",
            shortcut="n",
            disabled=after is None,
            on_click=boundary.callback(state.step_case),
            args=(ids, 1),
        )
        if similar_cases.is_possible(record.card):
            st.button(
                "List films like this",
                key="failures_alike",
                on_click=boundary.callback(state.list_like),
                args=(seen.case,),
                help="Orders the list by how alike the model finds the films; it looks at each of them once for that.",
            )
        link.show(record, seen)
        kind = rephrase_for_finding(case_list.CASE_FILTERS[seen.kind], finding).lower()
        where = f"{place + 1:,} of {len(ids):,}" if place is not None else "not one of the"
        region = f", {seen.region}" if seen.region else ""
        st.html(f'<span class="count">{html.escape(f"{where} {kind}{region}")}</span>', width="content")


@boundary.fragment
def show_images(
    found: DisplayedCase,
    fractures: tuple[Box, ...],
    broken: bool,
    case: str,
    finding: str,
    other: SecondModel | None = None,
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
            f"shows what the model used, not where {finding_with_article(finding)} is.</p>"
        )


def _heatmap(found: DisplayedCase, shown: tuple[Box, ...], alt: str, opacity: int, whose: str) -> None:
    """A film with what a model saw in it, and the scale of its colours; words where there is nothing to draw."""
    if found.heat is None:
        st.html(f'<p class="nothing">{html.escape(no_heatmap_text(found))}</p>')
        st.caption(f"No heatmap{whose}" if whose else "No heatmap")
        return
    _image(
        blend_heatmap(found.film / np.float32(255), found.heat / np.float32(255), opacity / 100), shown, alt
    )
    st.caption(f"Where the model looked{whose}; {strength_text(found.heat)}")
    st.html(
        '<div class="legend"><span>no evidence</span>'
        f'<img alt="Colour scale of the heatmap" src="{case_images.data_uri(render_legend(256, 8))}">'
        f"<span>{found.scale:.2g} or more</span></div>"
    )


def _image(array: np.ndarray, fractures: tuple[Box, ...], alt: str) -> None:
    picture = case_images.with_boxes(array, fractures) if fractures else array
    st.image(picture, width="stretch", alt=alt)


def strength_text(heat: np.ndarray) -> str:
    """How far the strongest point reaches on the scale, in words, because faint colour is easily overlooked."""
    share = 100 * int(heat.max()) / 255
    faint = ", hardly to be seen" if share < 15 else ""
    return f"the strongest point reaches {share:.0f}% of the scale{faint}"


def no_heatmap_text(found: DisplayedCase) -> str:
    """Why there is no heatmap."""
    if found.probability is not None:
        return (
            "No positive evidence: nothing in this film raised the model's suspicion, so there is no heatmap."
        )
    if found.reasons:
        return "The model does not judge this film, so there is no heatmap. " + " ".join(found.reasons)
    return "The model could not be asked, so there is no heatmap."


def facts_html(card: ModelCard, row: dict, threshold: float, marked: int) -> str:
    """The numbers of a film as HTML; they need no film."""
    probability, label = float(row["probability"]), int(row["label"])
    called = label_text(probability >= threshold, card.finding)
    where = f", marked in {marked} place{'s' if marked > 1 else ''}" if marked else ""
    lines = [
        ("Truth", label_text(label, card.finding) + where),
        ("Verdict", verdict_text(row["verdict"], card.finding)),
        ("Probability", f"{probability:.3f}"),
        ("At the threshold", f"{called} ({threshold:.3f})"),
        ("Region", ", ".join(row["regions"].split()) or "not named"),
        ("Record", record_html(card, row["regions"], label)),
        ("Group", "of its own" if row["group"] in ("", row["id"]) else row["group"]),
        ("File", row["path"]),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(str(value))}</dd>" for name, value in lines)
    word = rephrase_for_finding(case_list.CELL_TEXT[row["cell"]], card.finding)
    return f'<div class="facts {row["cell"]}"><div class="kind">{word}</div><dl>{body}</dl></div>'


def record_html(card: ModelCard, regions: str, label: int) -> str:
    """How good the model has been on films like this one, at the card's own threshold."""
    name = "sensitivity" if label else "specificity"
    parts = []
    for region in regions.split() or [""]:
        record = card.test_summary(region)
        if record is not None:
            parts.append(f"{region or 'all films'}: {name} {getattr(record, name).text()}")
    return "; ".join(parts) or "none for this region"


def answer_html(found: DisplayedCase, recorded: float) -> str:
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
