"""Second Look: the entry of the app. Run it with `make run`."""

import html
import os

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.imaging.opencv_threads import use_one_opencv_thread
from pages.components.common import boundary, resources
from pages.components.train import queue

# TensorFlow greets with several lines about the processor; nobody asked.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_PAGES = (
    ("pages/second_opinion.py", "Second opinion", "second-opinion"),
    ("pages/failures.py", "Failures", "failures"),
    ("pages/labels.py", "Labels", "labels"),
    ("pages/teaching.py", "Teaching", "teaching"),
    ("pages/audit.py", "Data audit", "audit"),
    ("pages/train.py", "Train", "train"),
    ("pages/published.py", "Published systems", "published"),
)


def main() -> None:
    """Draws the frame and the chosen page."""
    use_one_opencv_thread()
    st.set_page_config(
        page_title="Second Look", page_icon=str(paths.assets_dir() / "icon.svg"), layout="wide"
    )
    st.logo(str(paths.assets_dir() / "logo.svg"), size="large")
    st.html(paths.assets_dir() / "style.css")
    keyboard = (paths.assets_dir() / "keyboard.js").read_text(encoding="utf-8")
    st.html(f"<script>{keyboard}</script>", unsafe_allow_javascript=True)
    pages = [
        st.Page(path, title=words, url_path=url, default=number == 0)
        for number, (path, words, url) in enumerate(_PAGES)
    ]
    boundary.run(queue.watch_queue)
    page = st.navigation(pages, position="top")
    # A page can tell the first look at it from the reruns that follow.
    st.session_state["arrived"] = st.session_state.get("page") != page.url_path
    st.session_state["page"] = page.url_path
    boundary.run(page.run)
    boundary.run(_footer)


def _footer() -> None:
    """Which model answers, and who has the last word."""
    try:
        card = resources.card_in_use()
        model = f"Model in use: {card.title} ({card.id}, {card.weights.sha256[:8]})."
    except SecondLookError as error:
        model = str(error)
    st.html(
        f'<div class="footer">{html.escape(model)} A second opinion, not a diagnosis: a clinician has the last word.'
        "</div>"
    )


main()
