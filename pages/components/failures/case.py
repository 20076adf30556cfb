"""The open case: image, heatmap, marked fractures and the recorded values."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

from fracture_core.datasets.cases import Box
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.findings import Finding
from fracture_core.findings.findings_record import count_findings
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

# Larger differences from the recorded probability mean another image; library versions cause smaller ones.
_SAME = 0.01


def show(record: TestRecord, view: CaseView) -> None:
    """Draw the open case."""
    row = view.cells[view.cells["id"] == view.case].iloc[0].to_dict()
    card = record.card
    st.subheader(f"Image {case_list.short_name(view.case)}", anchor=False)
    _steps(view, record)
    film = gallery.path_of(record)
    # The field is drawn even when the folder is known: a widget that disappears in the run that set it loses its value.
    with st.expander("Dataset folder") if data_folder.known_folder(card, film) else st.container():
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
            st.info("Enter the dataset folder above to see the image and its heatmap.")
        else:
            fractures = case_images.true_boxes(str(root)).get(view.case, ())
            found = explain_case(card, str(root), row["path"])
            if found is not None:
                show_images(found, fractures, bool(row["label"]), view.case, card.finding, compared)
        if compared is not None:
            st.html(model_comparison.comparison_html(compared, card, row, view.threshold))
        review_form.show(card, view.case)
        collect.show(record.card, [view.case])
    with words:
        st.html(facts_html(card, row, view.threshold, len(fractures), findings_text(found, fractures, row)))
        if meant := sentences.verdict_meaning_in_tests(row["verdict"], card):
            st.caption(meant)
        if found is not None:
            st.html(answer_html(found, float(row["probability"])))
    related_cases.show(record, row, root)
    if found is not None and found.probability is not None:
        similar_images.show(found.features, card, synthetic=False, asks=False)


def explain_case(card: ModelCard, root: str, path: str) -> DisplayedCase | None:
    """The image with its heatmap; without one if the model cannot be loaded; None if the image cannot be read."""
    try:
        return case_images.explain_case(card, root, path)
    except ImageReadError as error:
        st.warning(str(error))
        return None
    except ModelError as error:
        st.warning(f"No heatmap: {error}")
    try:
        return DisplayedCase(case_images.load_image(root, path), None, None, (), 1.0)
    except ImageReadError as error:
        st.warning(str(error))
        return None


def _steps(view: CaseView, record: TestRecord) -> None:
    """Draw the buttons to the list, the neighbours, similar images and the link."""
    finding = record.card.finding
    ids = list(view.films()["id"])
    place, before, after = case_list.neighbours(ids, view.case)
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
                "Find similar",
                key="failures_alike",
                on_click=boundary.callback(state.list_like),
                args=(view.case,),
                help="Sorts the list by similarity to this image.",
            )
        state.show_link(record, view)
        kind = rephrase_for_finding(case_list.CASE_FILTERS[view.kind], finding).lower()
        where = f"{place + 1:,} of {len(ids):,}" if place is not None else "not in the list:"
        region = f", {view.region}" if view.region else ""
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
    """Draw image and heatmaps side by side; a fragment, so that the slider redraws nothing else."""
    shown: tuple[Box, ...] = ()
    with st.container(horizontal=True):
        if fractures:
            marked = st.checkbox(
                f"Show marked {finding}", value=True, key="failures_boxes", persist_state="session"
            )
            shown = fractures if marked else ()
        boxes: tuple[Finding, ...] = ()
        if found.findings and st.checkbox(
            "Show the model's boxes", value=True, key="failures_findings", persist_state="session"
        ):
            boxes = found.findings
    looks = [("", found)]
    if other is not None and other.explained is not None:
        looks.append((f", {other.card.title}", other.explained))
    film, *places = st.columns(1 + len(looks))
    with film:
        _image(found.film, shown, f"Image {case}", boxes)
        st.caption(_image_caption(finding, bool(shown), bool(boxes)))
        if broken and not fractures:
            st.caption(f"The dataset does not mark where the {finding} is.")
    opacity = 60
    if any(look.heat is not None for _, look in looks):
        opacity = st.slider(
            "Heatmap opacity", 0, 100, 60, 5, format="%d%%", key="failures_opacity", persist_state="session"
        )
    for place, (whose, look) in zip(places, looks, strict=True):
        with place:
            _heatmap(look, shown, f"Image {case} with heatmap{whose}", opacity, whose)
    if any(look.heat is not None for _, look in looks):
        st.html(
            '<p class="note">Grad-CAM, on one scale for all images of a model. It shows what influenced the model, '
            f"which may not be {finding_with_article(finding)}.</p>"
        )


def _heatmap(found: DisplayedCase, shown: tuple[Box, ...], alt: str, opacity: int, whose: str) -> None:
    """Draw an image with its heatmap and colour scale, or why there is no heatmap."""
    if found.heat is None:
        st.html(f'<p class="nothing">{html.escape(no_heatmap_text(found))}</p>')
        st.caption(f"No heatmap{whose}" if whose else "No heatmap")
        return
    _image(
        blend_heatmap(found.film / np.float32(255), found.heat / np.float32(255), opacity / 100), shown, alt
    )
    st.caption(f"Heatmap{whose}; {strength_text(found.heat)}")
    st.html(
        '<div class="legend"><span>no evidence</span>'
        f'<img alt="Colour scale of the heatmap" src="{case_images.data_uri(render_legend(256, 8))}">'
        f"<span>{found.scale:.2g} or more</span></div>"
    )


def _image_caption(finding: str, marked: bool, boxes: bool) -> str:
    """What the lines on the image are."""
    drawn = [f"blue: marked {finding}"] if marked else []
    drawn += ["orange: boxes of the model, dashed if only possible"] if boxes else []
    return ", ".join(["Image", *drawn])


def findings_text(found: DisplayedCase | None, fractures: tuple[Box, ...], row: dict) -> str:
    """Right and false boxes of the model and missed fractures; "" where that is not known."""
    if found is None or found.probability is None or (row["label"] and not fractures):
        return ""
    counts = count_findings([finding.box for finding in found.findings], fractures)
    parts = [f"{counts.right} right" if fractures else "", f"{counts.wrong} false"]
    text = ", ".join(filter(None, parts)) if found.findings else "none"
    if fractures:
        text += f"; {counts.missed} of {len(fractures)} marked places without a box"
    return text


def _image(
    array: np.ndarray, fractures: tuple[Box, ...], alt: str, findings: tuple[Finding, ...] = ()
) -> None:
    picture = case_images.with_boxes(array, fractures, findings) if fractures or findings else array
    st.image(picture, width="stretch", alt=alt)


def strength_text(heat: np.ndarray) -> str:
    """The heatmap's maximum in words, because faint colour is easily overlooked."""
    share = 100 * int(heat.max()) / 255
    faint = ", barely visible" if share < 15 else ""
    return f"maximum {share:.0f}% of the scale{faint}"


def no_heatmap_text(found: DisplayedCase) -> str:
    """The reason why there is no heatmap."""
    if found.probability is not None:
        return "No heatmap: the model found no evidence in this image."
    if found.reasons:
        return "No heatmap: the model rejected this image. " + " ".join(found.reasons)
    return "No heatmap: the model could not be loaded."


def facts_html(card: ModelCard, row: dict, threshold: float, marked: int, boxes: str = "") -> str:
    """The recorded values of a case as HTML.

    Args:
        card: card of the model.
        row: the case in the table of predictions.
        threshold: the threshold.
        marked: number of marked fractures.
        boxes: how well the model's boxes mark them; "" if unknown or the model has none.
    """
    probability, label = float(row["probability"]), int(row["label"])
    called = label_text(probability >= threshold, card.finding)
    where = f", marked in {marked} place{'s' if marked > 1 else ''}" if marked else ""
    lines = [
        ("Truth", label_text(label, card.finding) + where),
        ("Verdict", verdict_text(row["verdict"], card.finding)),
        ("Probability", f"{probability:.3f}"),
        ("At threshold", f"{called} ({threshold:.3f})"),
        *([("Boxes", boxes)] if boxes and card.findings else []),
        ("Region", ", ".join(row["regions"].split()) or "unknown"),
        ("Test result", record_html(card, row["regions"], label)),
        ("Group", "none" if row["group"] in ("", row["id"]) else row["group"]),
        ("File", row["path"]),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(str(value))}</dd>" for name, value in lines)
    word = rephrase_for_finding(case_list.CELL_TEXT[row["cell"]], card.finding)
    return f'<div class="facts {row["cell"]}"><div class="kind">{word}</div><dl>{body}</dl></div>'


def record_html(card: ModelCard, regions: str, label: int) -> str:
    """Sensitivity or specificity of the model in the region of the case, at the card's threshold."""
    name = "sensitivity" if label else "specificity"
    parts = []
    for region in regions.split() or [""]:
        record = card.test_summary(region)
        if record is not None:
            parts.append(f"{region or 'all images'}: {name} {getattr(record, name).text()}")
    return "; ".join(parts) or "none for this region"


def answer_html(found: DisplayedCase, recorded: float) -> str:
    """A warning as HTML if the model's answer differs from its record, and the warnings of the quality check."""
    words = []
    if found.probability is not None and abs(found.probability - recorded) > _SAME:
        words.append(
            f"Probability now {found.probability:.3f}, recorded {recorded:.3f}. The image in this folder may not be "
            "the one that was tested."
        )
    if found.probability is not None:
        words += found.reasons
    return "".join(f'<p class="gate">{html.escape(sentence)}</p>' for sentence in words) or "<span></span>"
