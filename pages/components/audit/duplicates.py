"""Images of an audit: groups of duplicates, and single files with a problem."""

from pathlib import Path
from typing import Any

import streamlit as st

from fracture_core.audit import html_report
from fracture_core.audit.wording import SPLIT_TITLES
from pages.components.common import boundary, case_images, layout

# Groups per page.
_PAGE_SIZE = 12

_PAGE_KEY = "audit_copies_page"


def _thumbnail(path: Path) -> str:
    return case_images.thumbnail_data_uri(str(path))


def _turn_to_page(page: int) -> None:
    st.session_state[_PAGE_KEY] = page


def show(report: dict[str, Any]) -> None:
    """Draw groups of duplicates by problem, then single files.

    Args:
        report: the audit report.
    """
    _show_groups(report)
    for entry in html_report.file_sections(report, _thumbnail):
        with st.expander(layout.escape_markdown(entry["sentence"])):
            st.html(
                html_report.render_fragment(
                    "group_list", [{"size": len(entry["films"]), **entry}], report["label"], SPLIT_TITLES
                )
            )


def _show_groups(report: dict[str, Any]) -> None:
    sections = html_report.duplicate_sections(report)
    if not sections:
        return
    st.subheader("Duplicates", anchor=False)
    section = st.segmented_control(
        "Kind of duplicates",
        tuple(sections),
        format_func=lambda title: f"{title} ({len(sections[title]):,})",
        default=next(iter(sections)),
        required=True,
        label_visibility="collapsed",
        key=f"audit_copies_{report['root']}_{report['created']}",
        on_change=boundary.callback(_turn_to_page),
        args=(0,),
    )
    groups = sections[section]
    pages = -(-len(groups) // _PAGE_SIZE)
    page = min(st.session_state.get(_PAGE_KEY, 0), pages - 1)
    page_groups = groups[page * _PAGE_SIZE : (page + 1) * _PAGE_SIZE]
    with st.spinner("Reading images …"):
        views = [html_report.duplicate_group_view(rows, report, _thumbnail) for rows in page_groups]
    st.html(html_report.render_fragment("group_list", views, report["label"], SPLIT_TITLES))
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Previous",
                on_click=boundary.callback(_turn_to_page),
                args=(page - 1,),
                disabled=page == 0,
                key="audit_previous",
            )
            st.caption(f"Page {page + 1} of {pages}", width="content")
            st.button(
                "Next",
                on_click=boundary.callback(_turn_to_page),
                args=(page + 1,),
                disabled=page == pages - 1,
                key="audit_next",
            )
