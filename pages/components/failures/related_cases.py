"""Duplicates of the open case and cases of its group, with their splits."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.vocabulary import label_text
from pages.components.audit import jobs
from pages.components.common import boundary, data_folder, layout, resources, test_record
from pages.components.common.test_record import TestRecord
from pages.components.failures import state

# Maximum number of cases listed, because groups can be large.
_MAX_LISTED = 6

#: Labels of the splits.
_SPLITS = {"train": "training image", "val": "validation image", "test": "test image"}


@dataclass(frozen=True)
class RelatedCase:
    """A duplicate, or a case of the same group.

    Attributes:
        case: id of the case.
        label: 0 or 1.
        split: split in the model's training; "" where it is unknown.
        why: "copy" or "group".
    """

    case: str
    label: int
    split: str
    why: str


def show(record: TestRecord, row: dict, root: Path | None) -> None:
    """Draw the list, and buttons that open the test cases."""
    st.html('<h3 class="table-title">Duplicates and group</h3>')
    try:
        recorded = test_record.load_predictions(resources.model_store(), record.card.id)
        index = resources.load_neighbours(record.card)
    except SecondLookError as error:
        st.warning(layout.escape_markdown(str(error)))
        return
    trained = frozenset(index.cases.tolist()) if index is not None else frozenset()
    audited = duplicate_groups(record.card, root)
    found = find_related(row, recorded, audited, trained)
    if found:
        st.html(related_html(found[:_MAX_LISTED], record.card.finding))
        if len(found) > _MAX_LISTED:
            st.caption(f"And {len(found) - _MAX_LISTED:,} more.")
        _buttons([film for film in found[:_MAX_LISTED] if film.split == "test"])
    else:
        st.caption("No other validation or test image in its group.")
    if audited is None and root is not None:
        st.caption("Run the data audit on this folder to find duplicates in all splits.")
    elif audited is not None:
        st.caption("Duplicates were found by the data audit of this folder.")


def duplicate_groups(card: ModelCard, root: Path | None) -> list[list[dict[str, Any]]] | None:
    """Groups of duplicates from the audit of a model's dataset; None where it was not audited.

    Args:
        card: card of the model.
        root: folder of the images; None where it is unknown.
    """
    if root is None:
        return None
    # An audit is stored under the path that the user entered: the image folder, its parent or a manifest.
    for data in dict.fromkeys((data_folder.resolve_folder(data_folder.named_folder(card)), root.resolve())):
        job = jobs.job_for(data)
        if job.state().status != "finished":
            continue
        try:
            found: list[list[dict[str, Any]]] = jobs.load_report(job)["clusters"]
        except SecondLookError:
            continue  # missing or damaged results; the Data audit page shows the error
        return found
    return None


def find_related(
    row: dict,
    recorded: pd.DataFrame,
    audited: Sequence[Sequence[dict[str, Any]]] | None,
    trained: frozenset[str],
) -> list[RelatedCase]:
    """Find duplicates and cases of the same group: duplicates first, training images before others.

    Args:
        row: row of the case in the test record.
        recorded: validation and test predictions of the model.
        audited: groups of duplicates, or None.
        trained: ids of the training cases, as far as known.
    """
    splits = dict(zip(recorded["id"], recorded["split"], strict=True))

    def split(case: str) -> str:
        return str(splits.get(case, "train" if case in trained else ""))

    copies = [
        RelatedCase(film["id"], int(film["label"]), split(film["id"]), "copy")
        for films in audited or ()
        if row["id"] in {film["id"] for film in films}
        for film in films
        if film["id"] != row["id"]
    ]
    known = {film.case for film in copies} | {row["id"]}
    same = recorded[recorded["group"] == row["group"]] if row["group"] else recorded.iloc[:0]
    group = [
        RelatedCase(case, int(label), str(part), "group")
        for case, label, part in zip(same["id"], same["label"], same["split"], strict=True)
        if case not in known
    ]
    order = {"train": 0, "": 1, "val": 2, "test": 3}
    return sorted([*copies, *group], key=lambda film: (film.why != "copy", order[film.split], film.case))


def related_html(found: Sequence[RelatedCase], finding: str) -> str:
    """The related cases as an HTML list."""
    lines = []
    for film in found:
        split = _SPLITS.get(film.split, "not recorded: training image or unused")
        why = "duplicate" if film.why == "copy" else "same group"
        leak = ' class="leak"' if film.why == "copy" and film.split == "train" else ""
        lines.append(
            f"<li{leak}><b>{html.escape(film.case)}</b>: {why}, {split}, {label_text(film.label, finding)}</li>"
        )
    return f'<ul class="said" aria-label="Duplicates and group">{"".join(lines)}</ul>'


def _buttons(films: Sequence[RelatedCase]) -> None:
    if not films:
        return
    with st.container(horizontal=True, key="failures-relatives"):
        for film in films:
            st.button(
                f"Open {layout.escape_markdown(film.case.rsplit('/', 1)[-1])}",
                key=f"failures_relative {film.case}",
                on_click=boundary.callback(state.open_case),
                args=(film.case,),
            )
