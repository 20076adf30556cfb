"""Tab *Findings*: how well the boxes of a model mark the fractures of its test split."""

from __future__ import annotations

import html

import altair as alt
import pandas as pd
import streamlit as st

from fracture_core.evaluation import Interval
from fracture_core.findings import FindingsRecord, GradeRecord
from fracture_core.findings.findings_record import LESION_SIZES, MIN_IOU
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common.test_record import TestRecord
from pages.components.failures.measures import interval_text, number_text

# False marks per image at the right edge of the curve.
_MOST_FALSE_MARKS = 1.0

_LINE = "#56B4E9"


def show(record: TestRecord) -> None:
    """Draw the measures of the findings, or why there are none."""
    found, finding = record.card.test_findings, record.card.finding
    if found is None:
        text = "This model has no measured boxes. Networks with a map of fractures get them when they are trained on "
        st.info(rephrase_for_finding(f"{text}a dataset with annotated fractures.", finding))
        return
    st.html(rephrase_for_finding(grades_html(found), finding))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        if found.curve:
            st.vega_lite_chart(froc_chart(found, finding), width="stretch", alt="FROC curve of the boxes")
            text = (
                "FROC curve: share of fractures found against false boxes per image, over all confidences. "
            )
            st.caption(
                rephrase_for_finding(
                    f"{text}A box is right if its centre lies in an annotated fracture.", finding
                )
            )
    with right:
        st.html(rephrase_for_finding(measures_html(found), finding))


def grades_html(record: FindingsRecord) -> str:
    """Sensitivity and precision of the boxes by grade and by region, as an HTML table."""
    grades = {"Definite": record.definite, "Definite or possible": record.possible}
    rows = [_grade_row(title, grade) for title, grade in grades.items()]
    rows += [_grade_row(region.capitalize(), grade) for region, grade in record.regions.items()]
    return (
        '<div class="wide"><table class="numbers"><thead><tr><th scope="col">Boxes</th>'
        '<th scope="col">Sensitivity</th><th scope="col">Precision</th>'
        '<th scope="col">False per image</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="note">Test images: {record.images:,}; annotated '
        f"fractures: {record.fractures:,}. Intervals (95%) resample groups. Regions: definite or possible.</p>"
    )


def measures_html(record: FindingsRecord) -> str:
    """Sensitivity by false boxes per image, by lesion size, and the overall measures, as HTML tables."""
    rates = "".join(
        f'<tr><th scope="row">{rate} false boxes per image</th><td>{_short(found)}</td>'
        f"<td>{_short(record.by_iou[rate])}</td></tr>"
        for rate, found in record.by_centre.items()
    )
    rows = [
        *(
            _row(f"{name.capitalize()} fractures ({LESION_SIZES[name].text}) with a box", found)
            for name, found in record.sizes.items()
        ),
        _row("JAFROC figure of merit", record.figure_of_merit),
        *(
            _row(f"Average precision, IoU of at least {least}", found)
            for least, found in record.average_precision.items()
        ),
        _row("Images with a fracture whose strongest box is right", record.pointing),
    ]
    return (
        '<div class="wide"><table class="numbers texts"><thead><tr><th scope="col">Sensitivity at</th>'
        f'<th scope="col">by centre</th><th scope="col">IoU ≥ {MIN_IOU:g}</th></tr></thead>'
        f"<tbody>{rates}</tbody></table></div>"
        f'<table class="numbers texts"><tbody>{"".join(rows)}</tbody></table>'
    )


def froc_chart(record: FindingsRecord, finding: str) -> dict:
    """The FROC curve as a Vega-Lite specification."""
    frame = pd.DataFrame(record.curve, columns=["false", "found"])
    frame = frame[frame["false"] <= _MOST_FALSE_MARKS]
    found = rephrase_for_finding("Fractures found", finding)
    x = alt.X("false:Q", title="False boxes per image", scale=alt.Scale(domain=[0, _MOST_FALSE_MARKS]))
    y = alt.Y("found:Q", title=found, scale=alt.Scale(domain=[0, 1]))
    tooltip = [
        alt.Tooltip("false:Q", title="False boxes per image", format=".2f"),
        alt.Tooltip("found:Q", title=found, format=".2f"),
    ]
    base = alt.Chart(frame)
    line = base.mark_line(color=_LINE, strokeWidth=2, interpolate="step-after").encode(x=x, y=y)
    points = base.mark_point(color=_LINE, filled=True, size=40, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    return dict(alt.layer(line, points, height=300).to_dict())


def _grade_row(title: str, grade: GradeRecord) -> str:
    cells = "".join(f"<td>{_short(found)}</td>" for found in (grade.sensitivity, grade.precision))
    return (
        f'<tr><th scope="row">{html.escape(title)}</th>{cells}<td>{number_text(grade.false_marks)}</td></tr>'
    )


def _short(found: Interval) -> str:
    if not found.is_measured:
        return "–"
    return f"{number_text(found.value)} <small>{interval_text(found)}, n = {found.n:,}</small>"


def _row(title: str, found: Interval) -> str:
    return f'<tr><th scope="row">{html.escape(title)}</th><td>{_short(found)}</td></tr>'
