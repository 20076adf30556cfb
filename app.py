"""Entry of the app: page frame, navigation and footer. `make run` starts it.

Streamlit uses this file twice: the server imports it once for the ASGI application `app`, and every visit of a page
runs it as a script. It imports only light modules, so that the frame is on the screen before anything slow.
"""

import html
import os
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.vocabulary import REGIONS
from pages.components.common import access, boundary, browser_history, layout, preload

# Hides the lines about the processor that TensorFlow prints when it is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_DISCLAIMER = "A second opinion, not a diagnosis: a clinician has the last word."


@dataclass(frozen=True)
class _Page:
    """A page of the app.

    Attributes:
        file: name of its script in `pages/`, without suffix.
        title: in the navigation and above the page.
        description: one or two sentences below the title.
        url: its path.
        tab: its name among the tabs of the page that it belongs to; "" for a page without tabs.
        tab_of: title of the page that it is a tab of, which stands above it; it is not in the navigation.
    """

    file: str
    title: str
    description: str
    url: str
    tab: str = ""
    tab_of: str = ""


#: Pages by section of the navigation. Those of the section without a name stand in the bar itself.
_PAGES = {
    "": (
        _Page(
            "second_opinion",
            "Second opinion",
            f"Looks for fractures on radiographs of the {', '.join(REGIONS[:-1])} and {REGIONS[-1]}. It supports a "
            "clinician's decision and is not a diagnosis.",
            "second-opinion",
        ),
    ),
    "Evaluate": (
        _Page(
            "failures", "Failures", "Where a model is wrong on its test images, and how often.", "failures"
        ),
        _Page("teaching", "Teaching", "Collect cases in a lesson and present them to a class.", "teaching"),
    ),
    "Build": (
        _Page(
            "train",
            "Train",
            "Train a model on your own labelled images and put it in use. Images and models stay on this computer.",
            "train",
        ),
        _Page(
            "audit",
            "Data audit",
            "Check a labelled dataset for duplicates, leaks between splits, label errors, damaged files and shortcuts. "
            "Nothing on disk is changed.",
            "audit",
            tab="Dataset",
        ),
        _Page(
            "labels",
            "Labels",
            "Images whose label is probably wrong. Check them and mark the label errors.",
            "labels",
            tab="Labels",
            tab_of="Data audit",
        ),
        _Page(
            "published",
            "Published systems",
            "Figures of five publications beside our runs of the same architectures, with and without leakage.",
            "published",
        ),
    ),
}


def main() -> None:
    """Draw the frame, then the chosen page."""
    st.set_page_config(page_icon=str(paths.assets_dir() / "icon.svg"), layout="wide")
    st.logo(str(paths.assets_dir() / "logo.svg"), size="large")
    st.html(paths.assets_dir() / "style.css")
    keyboard = (paths.assets_dir() / "keyboard.js").read_text(encoding="utf-8")
    st.html(f"<script>{keyboard}</script>", unsafe_allow_javascript=True)
    sections = {
        section: [
            st.Page(
                f"pages/{page.file}.py",
                title=page.title,
                url_path=page.url,
                default=page.file == "second_opinion",
                visibility="hidden" if page.tab_of else "visible",
            )
            for page in pages
        ]
        for section, pages in _PAGES.items()
    }
    page = st.navigation(sections, position="top")
    st.set_page_config(page_title=f"{page.title} – Second Look")
    browser_history.note_visit()
    # A page can tell the first run after its link was clicked, or after Back, from the reruns that follow.
    st.session_state["arrived"] = st.session_state.get("page") != page.url_path or browser_history.came_back()
    st.session_state["page"] = page.url_path
    entries = {entry.title: entry for pages in _PAGES.values() for entry in pages}
    entry = entries[page.title]
    layout.show_title(entry.tab_of or entry.title, entry.description)
    layout.show_page_tabs(
        [
            (f"pages/{other.file}.py", other.tab, other is entry)
            for other in entries.values()
            if entry.tab and (other.tab_of or other.title) == (entry.tab_of or entry.title)
        ]
    )
    body, footer = st.container(), st.empty()
    footer.html(f'<div class="footer">{_DISCLAIMER}</div>')
    preload.wait_for_modules(landing_page=page.url_path == "")
    boundary.run(_prepare)
    with body:
        boundary.run(page.run)
    browser_history.end_visit()
    boundary.run(
        lambda: footer.html(f'<div class="footer">{html.escape(_model_in_use())} {_DISCLAIMER}</div>')
    )


def _prepare() -> None:
    """Limit OpenCV to one thread and watch the queue of trainings; both once per process."""
    from fracture_core.imaging.opencv_threads import use_one_opencv_thread
    from pages.components.train import queue

    use_one_opencv_thread()
    queue.watch_queue()


def _model_in_use() -> str:
    """The model in use in one sentence, or why there is none."""
    from pages.components.common import resources

    try:
        card = resources.card_in_use()
    except SecondLookError as error:
        return str(error)
    return f"Model in use: {card.title} ({card.id}, {card.weights.sha256[:8]})."


if __name__ == "__main__":
    access.require_login(main)
else:
    from starlette.middleware import Middleware

    from pages.components.common import server_security

    # Without this, Streamlit would run the files in pages/ without this script until the first visitor has seen a page.
    PagesManager.uses_pages_directory = False
    server_security.check_listening_address()
    app = st.App(
        __file__, lifespan=preload.lifespan, middleware=[Middleware(server_security.SecurityMiddleware)]
    )
