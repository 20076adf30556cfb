"""Films that belong to the opened one: of its group, and copies of it, each with the split that the model had it in."""

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
from pages.components.common import boundary, data_folder, resources, test_record
from pages.components.common.test_record import TestRecord
from pages.components.failures import state

# Films that are named; a group can be large.
_MOST = 6

#: Splits in words.
_SPLITS = {"train": "training film", "val": "validation film", "test": "test film"}


@dataclass(frozen=True)
class RelatedCase:
    """A film that belongs to another one.

    Attributes:
        case: its id.
        label: 0 or 1.
        split: of the model's training; "" where it is not known.
        why: "copy" or "group".
    """

    case: str
    label: int
    split: str
    why: str


def show(record: TestRecord, row: dict, root: Path | None) -> None:
    """Names them; a test film can be opened."""
    st.html('<h3 class="table-title">Copies and films of its group</h3>')
    try:
        said = test_record.load_predictions(resources.model_store(), record.card.id)
        index = resources.load_neighbours(record.card)
    except SecondLookError as error:
        st.warning(str(error))
        return
    trained = frozenset(index.cases.tolist()) if index is not None else frozenset()
    audited = duplicate_groups(record.card, root)
    found = find_related(row, said, audited, trained)
    if found:
        st.html(related_html(found[:_MOST], record.card.finding))
        if len(found) > _MOST:
            st.caption(f"And {len(found) - _MOST:,} more.")
        _buttons([film for film in found[:_MOST] if film.split == "test"])
    else:
        st.caption("No other film of its group is among the validation and test films.")
    if audited is None and root is not None:
        st.caption(
            "Copies in any split are found by the Data audit of this folder; it has not been audited yet."
        )
    elif audited is not None:
        st.caption("Copies are those that the Data audit of this folder found, in whatever split they are.")


def duplicate_groups(card: ModelCard, root: Path | None) -> list[list[dict[str, Any]]] | None:
    """Groups of copies that the audit of a model's data set found; None where it was not audited.

    Args:
        card: of the model.
        root: where its films lie; None where no folder is named.
    """
    if root is None:
        return None
    # An audit is filed under what was named: the folder of the films, one above it, or a manifest.
    for data in dict.fromkeys((data_folder.resolve_folder(data_folder.named_folder(card)), root.resolve())):
        job = jobs.job_for(data)
        if job.state().status != "finished":
            continue
        try:
            found: list[list[dict[str, Any]]] = jobs.load_report(job)["clusters"]
        except SecondLookError:
            continue  # its results are gone or damaged; the page Data audit says so
        return found
    return None


def find_related(
    row: dict, said: pd.DataFrame, audited: Sequence[Sequence[dict[str, Any]]] | None, trained: frozenset[str]
) -> list[RelatedCase]:
    """Films that belong to one: copies first, those that were trained on before all.

    Args:
        row: of the film in the record.
        said: validation and test films of the model.
        audited: groups of copies, or None.
        trained: ids of the training films, as far as known.
    """
    splits = dict(zip(said["id"], said["split"], strict=True))

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
    same = said[said["group"] == row["group"]] if row["group"] else said.iloc[:0]
    group = [
        RelatedCase(case, int(label), str(part), "group")
        for case, label, part in zip(same["id"], same["label"], same["split"], strict=True)
        if case not in known
    ]
    order = {"train": 0, "": 1, "val": 2, "test": 3}
    return sorted([*copies, *group], key=lambda film: (film.why != "copy", order[film.split], film.case))


def related_html(found: Sequence[RelatedCase], finding: str) -> str:
    """The films as an HTML list."""
    lines = []
    for film in found:
        split = _SPLITS.get(film.split, "not in the record: a training film, or left out")
        why = "copy" if film.why == "copy" else "of its group"
        leak = ' class="leak"' if film.why == "copy" and film.split == "train" else ""
        lines.append(
            f"<li{leak}><b>{html.escape(film.case)}</b>: {why}, {split}, {label_text(film.label, finding)}</li>"
        )
    return f'<ul class="said" aria-label="Copies and films of its group">{"".join(lines)}</ul>'


def _buttons(films: Sequence[RelatedCase]) -> None:
    if not films:
        return
    with st.container(horizontal=True, key="failures-relatives"):
        for film in films:
            st.button(
                f"Open {film.case.rsplit('/', 1)[-1]}",
                key=f"failures_relative {film.case}",
                on_click=boundary.callback(state.open_case),
                args=(film.case,),
            )
