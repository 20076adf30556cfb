"""A model on other labelled images: start, progress, and results beside those of its own test split."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import recent_folders
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError, SecondLookError
from fracture_core.evaluation import Interval, Summary, predictions
from fracture_core.inference.evaluation_job import EvaluationJob, EvaluationResult
from fracture_core.registry.card import ModelCard
from fracture_core.registry.external_test import MAX_NAME_LENGTH, ExternalTest
from pages.components.common import boundary, data_folder, job_progress, layout, resources
from pages.components.failures.measures import interval_text, number_text

_FOLDER, _FAULT = "train_other_folder", "train_other_fault"


def show(card: ModelCard) -> None:
    """Draw the results and the form.

    Args:
        card: card of the model.
    """
    with st.expander("Test on other images", key="train_other", on_change="rerun") as part:
        if not part.open:
            return
        _show_results(card)
        _show_form(card)


def _show_results(card: ModelCard) -> None:
    """Draw one row for the model's own test split and each other dataset."""
    rows = [("Own test split", "", card.test)] if card.test is not None else []
    for test in card.external_tests:
        rows.append((f"{test.name} (on the card)", test.date, test.summary))
    names: dict[str, EvaluationJob] = {}
    results: dict[str, EvaluationResult] = {}
    warnings = [f"{test.name}: {warning}" for test in card.external_tests for warning in test.warnings]
    for job in EvaluationJob.all(paths.runs_dir(), card.weights.sha256):
        try:
            found = job.results()
        except DataError as error:
            st.error(layout.escape_markdown(str(error)))
            continue
        names[found.data] = job
        results[found.data] = found
        rows.append((found.data, found.created, found.summary))
        warnings += [f"{Path(found.data).name}: {warning}" for warning in found.warnings]
    if rows:
        st.dataframe(
            [_row(*row) for row in rows],
            hide_index=True,
            width="stretch",
            key="train_other_table",
            alt="Metrics of the model on its own test split and on other images",
        )
        st.caption(
            "95% intervals, clustered by group, at the model's threshold. Thresholds and calibration are not fitted to "
            "other images."
        )
    for warning in warnings:
        st.caption(layout.escape_markdown(warning))
    for name, job in names.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<span class="count">{html.escape(Path(name).name)}</span>', width="content")
            if (acceptance := results[name].acceptance) is not None:
                with st.popover("Is it good enough here?", key=f"train_other_accept {job.folder.name}"):
                    lines = acceptance.sentences(card.finding)
                    st.markdown("\n".join(f"- {layout.escape_markdown(line)}" for line in lines))
            if results[name].acceptance is not None:
                st.download_button(
                    "Report (PDF)",
                    data=boundary.download(partial(_make_report, card, job, results[name])),
                    file_name=f"{card.id}-acceptance.pdf",
                    mime="application/pdf",
                    on_click="ignore",
                    key=f"train_other PDF {job.folder.name}",
                )
            for label, path, kind in (
                ("Metrics (JSON)", job.metrics_path, "application/json"),
                ("Predictions (CSV)", job.predictions_path, "text/csv"),
            ):
                st.download_button(
                    label,
                    data=boundary.download(path.read_bytes),
                    file_name=f"{card.id}-{path.name}",
                    mime=kind,
                    on_click="ignore",
                    key=f"train_other {label} {job.folder.name}",
                )
            with st.popover("Add to the card", key=f"train_other_card {job.folder.name}"):
                _show_card_form(card, results[name], job.folder.name)
            st.button(
                "Remove",
                key=f"train_other_remove {job.folder.name}",
                on_click=boundary.callback(job.forget),
            )
    for test in card.external_tests:
        st.button(
            f"Remove {layout.escape_markdown(test.name)} from the card",
            key=f"train_other_uncard {test.name}",
            type="tertiary",
            on_click=boundary.callback(_change_card),
            args=(card.id, lambda old, name=test.name: old.without_external_test(name)),
        )


def _make_report(card: ModelCard, job: EvaluationJob, found: EvaluationResult) -> bytes:
    """Make the report on a local acceptance test.

    Raises:
        DataError: the predictions cannot be read.
    """
    # Imported here, because it loads reportlab.
    from fracture_core.report.acceptance_pdf import AcceptanceReport, acceptance_to_pdf

    assert found.acceptance is not None
    report = AcceptanceReport(
        Path(found.data).name,
        found.summary,
        found.acceptance,
        found.regions,
        found.coverage,
        predictions.read_predictions(job.predictions_path),
        found.warnings,
    )
    return acceptance_to_pdf(card, report, datetime.now().astimezone())


def _show_card_form(card: ModelCard, found: EvaluationResult, key: str) -> None:
    """Draw the form that keeps results in the card, which is exported with the model."""
    name = st.text_input(
        "Name of the dataset",
        value=Path(found.data).name[:MAX_NAME_LENGTH],
        max_chars=MAX_NAME_LENGTH,
        key=f"train_other_name {key}",
        help="The card is exported with the model, and contains this name instead of the folder.",
    )
    try:
        test = ExternalTest(" ".join((name or "").split()), found.created, found.summary, found.warnings)
    except DataError as error:
        st.caption(layout.escape_markdown(str(error)))
        return
    st.button(
        "Add",
        type="primary",
        key=f"train_other_add {key}",
        on_click=boundary.callback(_change_card),
        args=(card.id, lambda old: old.with_external_test(test)),
    )


def _change_card(model_id: str, change: Callable[[ModelCard], ModelCard]) -> None:
    try:
        resources.model_store().update_card(model_id, change)
    except SecondLookError as error:
        st.session_state[_FAULT] = str(error)


def _row(data: str, created: str, summary: Summary) -> dict[str, str | int]:
    return {
        "Images": data,
        "Date": created,
        "Number": summary.n,
        "With the finding": summary.positives,
        "AUC": _interval(summary.auc),
        "Sensitivity": _interval(summary.sensitivity),
        "Specificity": _interval(summary.specificity),
        "ECE": f"{summary.ece:.3f}",
    }


def _interval(found: Interval) -> str:
    """A value with its interval; the number of images has a column of its own."""
    if not found.is_measured:
        return "not measurable"
    return f"{number_text(found.value)} ({interval_text(found)})"


def _show_form(card: ModelCard) -> None:
    """Draw the folder field, the button, and the progress of a running evaluation."""
    text = st.text_input(
        "Folder of labelled images",
        key=_FOLDER,
        placeholder="/home/you/dataset",
        persist_state="session",
        help="A dataset folder or manifest on this computer. All its images are used. The model's own test record "
        "stays as it is.",
    ).strip()
    job = None
    if text:
        try:
            job = EvaluationJob.for_dataset(
                paths.runs_dir(), card.weights.sha256, data_folder.resolve_folder(text)
            )
        except DataError as error:
            st.warning(layout.escape_markdown(str(error)))
            return
    state = job.state() if job is not None else None
    if job is not None and state is not None and state.status == "running":
        job_progress.show(job)
        return
    st.button(
        "Evaluate these images",
        key="train_other_start",
        disabled=job is None,
        on_click=boundary.callback(_start),
        args=(card.id, text),
    )
    fault = st.session_state.pop(_FAULT, "")
    if fault or (state is not None and state.status == "failed"):
        st.error(layout.escape_markdown(fault or (state.message if state else "")))
    elif state is not None and state.status == "cancelled":
        st.caption(layout.escape_markdown(state.message))


def _start(model_id: str, text: str) -> None:
    try:
        data = data_folder.resolve_folder(text)
        read_catalogue(data)  # raises for an invalid dataset, before a process is started
        sha256 = resources.model_store().card(model_id).weights.sha256
        EvaluationJob.for_dataset(paths.runs_dir(), sha256, data).start(model_id, data)
        recent_folders.remember_folder(paths.runs_dir(), str(data))
    except SecondLookError as error:
        st.session_state[_FAULT] = str(error)
