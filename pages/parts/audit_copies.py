"""The films behind the sentences: groups of copies, and single files worth a look."""

from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.data.audit import html
from fracture_core.data.audit.wording import PARTS
from pages.parts import boundary, thumbnails

#: Groups on one page.
_PAGE = 12

_AT = "audit_copies_page"


def _shown(path: Path) -> str:
    return thumbnails.of(str(path))


def _to(page: int) -> None:
    st.session_state[_AT] = page


def show(report: dict[str, Any]) -> None:
    """Groups of copies by what is wrong with them, then single files."""
    _groups(report)
    for entry in html.files(report, _shown):
        with st.expander(entry["sentence"]):
            st.html(
                html.piece("group_list", [{"size": len(entry["films"]), **entry}], report["label"], PARTS)
            )


def _groups(report: dict[str, Any]) -> None:
    kinds = html.sections(report)
    if not kinds:
        return
    st.subheader("Copies", anchor=False)
    kind = st.segmented_control(
        "Which copies",
        tuple(kinds),
        format_func=lambda title: f"{title} ({len(kinds[title]):,})",
        default=next(iter(kinds)),
        required=True,
        label_visibility="collapsed",
        key=f"audit_copies_{report['root']}_{report['created']}",
        on_change=boundary.callback(_to),
        args=(0,),
    )
    groups = kinds[kind]
    pages = -(-len(groups) // _PAGE)
    page = min(st.session_state.get(_AT, 0), pages - 1)
    chosen = groups[page * _PAGE : (page + 1) * _PAGE]
    with st.spinner("Reading films …"):
        drawn = [html.group_of(rows, report, _shown) for rows in chosen]
    st.html(html.piece("group_list", drawn, report["label"], PARTS))
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Previous",
                on_click=boundary.callback(_to),
                args=(page - 1,),
                disabled=page == 0,
                key="audit_previous",
            )
            st.caption(f"Page {page + 1} of {pages}", width="content")
            st.button(
                "Next",
                on_click=boundary.callback(_to),
                args=(page + 1,),
                disabled=page == pages - 1,
                key="audit_next",
            )
