"""Tab *Heatmaps*: which trust tests each heatmap method of a model passes."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.evaluation import Interval
from fracture_core.explain.methods import HEATMAP_METHODS
from fracture_core.explain.randomisation_steps import STEP_TITLES
from fracture_core.explain.trust_record import (
    IMAGE_CHANGES,
    MIN_STABILITY,
    TEST_QUESTIONS,
    TEST_TITLES,
    HeatmapTrust,
    MethodTrust,
)
from fracture_core.inference.heatmap_trust_job import HeatmapTrustJob
from fracture_core.inference.randomisation_demo import RandomisationDemo, compute_randomisation_demo
from fracture_core.installation import has_tensorflow
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import rephrase_for_finding
from pages.components.common import boundary, data_folder, job_progress, layout, resources
from pages.components.common.test_record import TestRecord
from pages.components.failures import gallery
from pages.components.failures.measures import interval_text, number_text

_ERROR_KEY = "failures_heatmaps_error"

_SPLITS = {"val": "validation", "test": "test", "train": "training", "all": "all"}


def show(record: TestRecord) -> None:
    """Draw the results, the randomisation of a synthetic image, and the button that runs the tests."""
    card = record.card
    trust = card.heatmap_trust
    if trust is None:
        st.info("The heatmap methods of this model have not been tested yet.")
    else:
        st.html(rephrase_for_finding(trust_html(trust), card.finding))
        with st.expander("All measures"):
            st.html(rephrase_for_finding(measures_html(trust), card.finding))
    if not has_tensorflow():
        st.caption("Testing heatmaps needs TensorFlow: `pip install -r requirements.txt`.")
        return
    _show_job(record)
    _show_randomisation(card)


def trust_html(trust: HeatmapTrust) -> str:
    """Which tests each method passes, as HTML, and why the default method was chosen."""
    names = [
        name
        for name in TEST_TITLES
        if any(method.results[name] is not None for method in trust.methods.values())
    ]
    head = "".join(f'<th scope="col">{html.escape(TEST_TITLES[name])}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(HEATMAP_METHODS[name].title)}</th>'
        + "".join(_result_cell(method.results[test]) for test in names)
        + f'<td class="value">{number_text(method.marked.precision.value)}</td></tr>'
        for name, method in trust.methods.items()
    )
    questions = " ".join(f"<b>{TEST_TITLES[name]}:</b> {html.escape(TEST_QUESTIONS[name])}" for name in names)
    return (
        f'<div class="wide"><table class="numbers" data-testid="trust"><thead><tr><th scope="col">Method</th>{head}'
        f'<th scope="col">Average precision</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="note">{html.escape(default_reason(trust))}</p><p class="note">{questions}</p>'
    )


def default_reason(trust: HeatmapTrust) -> str:
    """Say which method is shown first and why."""
    best, title = trust.methods[trust.best], HEATMAP_METHODS[trust.best].title
    count = len(best.failed)
    tied = sum(len(method.failed) == count for method in trust.methods.values()) - 1
    result = "passes all tests" if not count else f"fails {count} {'test' if count == 1 else 'tests'}"
    if tied:
        also = "does one other method" if tied == 1 else f"do {tied} other methods"
        result += f", as {also}, and localises fractures best of these"
    elif count:
        result += ", fewer than every other method"
    images = f"{trust.images:,} {_SPLITS.get(trust.split, trust.split)} images"
    return (
        f"Shown first on Second opinion: {title}. It {result} (average precision "
        f"{number_text(best.marked.precision.value)} on {images} with annotated fractures)."
    )


def _result_cell(passed: bool | None) -> str:
    if passed is None:
        return "<td>not tested</td>"
    return f'<td class="{"pass" if passed else "fail"}">{"✓ passed" if passed else "✗ failed"}</td>'


def measures_html(trust: HeatmapTrust) -> str:
    """All measures as HTML tables: one column per method, and the baselines."""
    head = "".join(
        f'<th scope="col">{html.escape(HEATMAP_METHODS[name].title)}</th>' for name in trust.methods
    )
    columns = [_measures(method) for method in trust.methods.values()]
    rows = "".join(
        f'<tr><th scope="row">{html.escape(title)}</th>'
        + "".join(f"<td>{column.get(title, '–')}</td>" for column in columns)
        + "</tr>"
        for title in columns[0]
    )
    baselines = "".join(
        f'<tr><th scope="row">{html.escape(name.capitalize())}</th><td>{_short(found.pointing)}</td>'
        f"<td>{_short(found.precision)}</td><td>{_short(found.mass)}</td></tr>"
        for name, found in trust.baselines.items()
    )
    agreement = "".join(
        f'<tr><th scope="row">{html.escape(_pair_title(pair))}</th><td>{_short(found)}</td></tr>'
        for pair, found in trust.agreement.items()
    )
    return (
        f'<div class="wide"><table class="numbers"><thead><tr><th scope="col">Measure</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        '<table class="numbers"><thead><tr><th scope="col">Baseline</th><th scope="col">Pointing</th>'
        f'<th scope="col">Average precision</th><th scope="col">Mass</th></tr></thead>'
        f"<tbody>{baselines}</tbody></table>"
        '<table class="numbers"><thead><tr><th scope="col">Agreement of two methods</th>'
        f'<th scope="col">Rank correlation</th></tr></thead><tbody>{agreement}</tbody></table></div>'
        '<p class="note">Pointing: the strongest pixel lies in an annotated fracture. Average precision: area under '
        "the precision–recall curve of the pixels. Mass: share of the heatmap in annotated fractures. Deletion and "
        "insertion: change of the probability beyond that of a random order. Similarities are rank correlation / SSIM. "
        f"Stability requires a rank correlation of at least {MIN_STABILITY:g}. Intervals (95%) resample groups.</p>"
    )


def _measures(method: MethodTrust) -> dict[str, str]:
    found = {
        "Pointing": _short(method.marked.pointing),
        "Average precision": _short(method.marked.precision),
        "Mass": _short(method.marked.mass),
        "Gain over the best baseline": _short(method.gain),
        "Synthetic images: pointing": _short(method.phantoms.pointing),
        "Synthetic images: average precision": _short(method.phantoms.precision),
        "Deletion": _short(method.deletion),
        "Insertion": _short(method.insertion),
        "Similarity of different images": _pair(method.between_images.rank, method.between_images.ssim),
    }
    for title, similarity in zip(STEP_TITLES[1:], method.randomised, strict=False):
        found[f"Similarity, {title}"] = _pair(similarity.rank, similarity.ssim)
    for name, similarity in method.changed.items():
        found[f"Similarity, {IMAGE_CHANGES[name]}"] = _pair(similarity.rank, similarity.ssim)
    if method.second_training is not None:
        found["Similarity, second training"] = _pair(method.second_training.rank, method.second_training.ssim)
    return found


def _pair_title(pair: str) -> str:
    return " and ".join(HEATMAP_METHODS[name].title for name in pair.split("|") if name in HEATMAP_METHODS)


def _pair(rank: Interval, ssim: Interval) -> str:
    return f"{number_text(rank.value)} / {number_text(ssim.value)}"


def _short(found: Interval) -> str:
    if not found.is_measured:
        return "–"
    return f"{number_text(found.value)} ({interval_text(found)})"


def _show_job(record: TestRecord) -> None:
    """Draw the state of the tests and the button that starts them."""
    card = record.card
    job = HeatmapTrustJob.for_model(paths.runs_dir(), card.weights.sha256)
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
        return
    error_message = st.session_state.pop(_ERROR_KEY, "") or (
        state.message if state.status == "failed" else ""
    )
    if error_message:
        st.error(layout.escape_markdown(error_message))
    elif state.status == "cancelled":
        st.caption(layout.escape_markdown(state.message))
    folder = data_folder.known_folder(card, gallery.path_of(record))
    if folder is None:
        st.caption("To test the heatmaps here, enter the dataset folder under *Cases*.")
        return
    st.button(
        "Test the heatmaps again" if card.heatmap_trust else "Test the heatmaps",
        key="failures_test_heatmaps",
        on_click=boundary.callback(_start),
        args=(job, card.id, folder),
        help="Takes about 20 minutes of CPU time. The results go to the card; the best method becomes the default.",
    )


def _start(job: HeatmapTrustJob, model_id: str, folder: Path) -> None:
    try:
        job.start(model_id, folder)
    except DataError as error:
        st.session_state[_ERROR_KEY] = str(error)


@boundary.fragment
def _show_randomisation(card: ModelCard) -> None:
    """Draw the heatmaps of a synthetic image while the weights of the network become random."""
    st.markdown("**Random weights, live**")
    if not st.toggle(
        "Show on a synthetic image",
        key="failures_randomise",
        help="Computes the heatmaps of a synthetic radiograph with more and more random weights: about 15 seconds.",
    ):
        st.caption(
            "A heatmap that hardly changes with random weights does not show what the network has learnt."
        )
        return
    demo = _load_demo(card.id, card.weights.sha256)
    title = st.select_slider("Weights", STEP_TITLES, key="failures_random_step", persist_state="session")
    step = STEP_TITLES.index(title)
    places = st.columns(1 + len(demo.heatmaps))
    with places[0]:
        st.image(demo.picture(), width="stretch", alt="Synthetic radiograph of a leg")
        st.caption("Synthetic radiograph")
    for place, name in zip(places[1:], demo.heatmaps, strict=True):
        method = HEATMAP_METHODS[name].title
        with place:
            st.image(demo.overlay(name, step), width="stretch", alt=f"{method}, {title}")
            st.caption(method if demo.has_evidence(name, step) else f"{method}: no evidence")
    st.caption(
        "Each heatmap is scaled to its own maximum. Score-CAM is left out because it takes seconds per image."
    )


@st.cache_resource(max_entries=2, show_spinner="Computing heatmaps with random weights …")
def _load_demo(model_id: str, sha256: str) -> RandomisationDemo:
    """Compute the heatmaps once per model; shared by all users, because nothing changes them."""
    return compute_randomisation_demo(resources.model_store(), model_id)
