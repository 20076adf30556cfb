"""The films behind the sentences: groups of copies, and single files worth a look."""

from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.audit.wording import SPLIT_TITLES
from pages.components.common import boundary, thumbnails

#: Groups on one page.
_PAGE = 12

_AT = "audit_copies_page"


def _shown(path: Path) -> str:
    return thumbnails.thumbnail_data_uri(str(path))


def _to(page: int) -> None:
    st.session_state[_AT] = page


def show(report: dict[str, Any]) -> None:
    """Groups of copies by what is wrong with them, then single files."""
    _groups(report)
    for entry in html_report.file_sections(report, _shown):
        with st.expander(entry["sentence"]):
            st.html(
                html_report.render_fragment(
                    "group_list", [{"size": len(entry["films"]), **entry}], report["label"], SPLIT_TITLES
                )
            )


def _groups(report: dict[str, Any]) -> None:
    kinds = html_report.duplicate_sections(report)
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
        drawn = [html_report.duplicate_group_view(rows, report, _shown) for rows in chosen]
    st.html(html_report.render_fragment("group_list", drawn, report["label"], SPLIT_TITLES))
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
