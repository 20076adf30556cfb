"""The open case: image, heatmap, marked fractures and the recorded values."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from fracture_core.datasets.cases import Box
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.findings.findings_record import count_findings
from fracture_core.registry.card import ModelCard
from fracture_core.report import sentences
from fracture_core.vocabulary import label_text, rephrase_for_finding, verdict_text
from pages.components.common import boundary, case_images, layout, viewer
from pages.components.common.case_images import DisplayedCase
from pages.components.common.test_record import TestRecord
from pages.components.failures import (
    case_list,
    gallery_options,
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

#: Session state: whether heatmaps are scaled to the maximum of their image.
_OWN_SCALE = "failures_own_scale"

# Larger differences from the recorded probability mean another image; library versions cause smaller ones.
_SAME = 0.01


def show(record: TestRecord, view: CaseView, root: Path | None) -> None:
    """Draw the open case; `root` is the dataset folder, None if it is unknown."""
    row = view.cells[view.cells["id"] == view.case].iloc[0].to_dict()
    card = record.card
    _steps(view, record)
    other = model_comparison.choose_model(record)
    compared = (
        model_comparison.ask_second_model(other, record, row, str(root) if root else None) if other else None
    )
    films, words = st.columns([7, 3], gap="medium")
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
        collect.show(record.card, [view.case])
    with words:
        review_form.show(card, view.case)
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
        st.warning(layout.escape_markdown(str(error)))
        return None
    except ModelError as error:
        st.warning(layout.escape_markdown(f"No heatmap: {error}"))
    try:
        return case_images.load_image(root, path)
    except ImageReadError as error:
        st.warning(layout.escape_markdown(str(error)))
        return None


def _steps(view: CaseView, record: TestRecord) -> None:
    """Draw the buttons to the list, the neighbours, similar images and the link."""
    finding = record.card.finding
    ids = list(view.films()["id"])
    place, before, after = case_list.neighbours(ids, view.case)
    with st.container(horizontal=True, vertical_alignment="center", key="failures-steps"):
        title = f"Image {layout.escape_markdown(case_list.short_name(view.case))}"
        st.subheader(title, anchor=False, width="content")
        st.button(
            "Back to the list",
            key="failures_back",
            shortcut="b",
            on_click=boundary.callback(state.close_case),
            args=(case_list.page_of_case(place or 0, gallery_options.page_size()),),
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
    annotated: tuple[Box, ...],
    broken: bool,
    case: str,
    finding: str,
    other: SecondModel | None = None,
) -> None:
    """Draw the viewer, beside it that of a second model; a fragment, so that the switch redraws nothing else.

    Args:
        found: the image with the prediction of the model.
        annotated: annotated boxes x0, y0, x1, y1 as fractions of the image.
        broken: whether the image is labelled with the finding.
        case: id of the image.
        finding: the finding of the model.
        other: a second model; None for none.
    """
    models = [("", found)]
    if other is not None and other.explained is not None:
        models.append((other.card.title, other.explained))
    has_heatmap = any(displayed.shown is not None for _, displayed in models)
    own_scale = bool(has_heatmap and st.session_state.get(_OWN_SCALE))
    for column, (title, displayed) in zip(st.columns(len(models)), models, strict=True):
        with column:
            _show_viewer(displayed, annotated, case, title, own_scale)
    notes = [] if annotated or not broken else [f"The dataset does not mark where the {finding} is."]
    if annotated:
        notes.append("Blue: annotated in the dataset.")
    if any(displayed.findings for _, displayed in models):
        notes.append("White: boxes of the model, dashed if only possible.")
    if has_heatmap:
        st.toggle(
            "Scale the heatmap to this image",
            key=_OWN_SCALE,
            persist_state="session",
            help="Shows weak evidence, too. Colours of different images can then not be compared.",
        )
    if notes:
        st.caption(layout.escape_markdown(" ".join(notes)))


def _show_viewer(
    displayed: DisplayedCase, annotated: tuple[Box, ...], case: str, title: str, own_scale: bool
) -> None:
    """Draw the viewer for one model; `title` is that of a second model."""
    if title:
        st.caption(layout.escape_markdown(title))
    if displayed.viewer is None:
        return
    heat = displayed.shown
    ends = ("", "")
    if heat is not None:
        ends = ("none", "the maximum of this image") if own_scale else viewer.LEGEND_ENDS[heat.method.unit]
    viewer.show(
        f"failures_viewer {title}",
        f"Image {case_list.short_name(case)}",
        displayed.viewer,
        (heat.own_layer if own_scale else heat.layer) if heat else None,
        heat.contours if heat else (),
        ends,
        displayed.findings,
        annotated,
    )
    st.caption(
        layout.escape_markdown(
            no_heatmap_text(displayed)
            if heat is None
            else f"{heat.method.title}, {strength_text(heat.strength, own_scale)}. {heat.method.trust}"
        )
    )


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


def strength_text(strength: float, own_scale: bool) -> str:
    """The heatmap's maximum in words, because faint colour is easily overlooked.

    Args:
        strength: the maximum as a fraction of the scale for all images.
        own_scale: whether the heatmap is scaled to the maximum of its image.
    """
    share = min(100.0, 100 * strength)
    faint = ", barely visible" if share < 15 and not own_scale else ""
    scaled = "scaled to this image, " if own_scale else ""
    return f"{scaled}maximum {share:.0f}% of the scale for all images{faint}"


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
