"""Slow imports in a background thread, so that the frame of a page is drawn before them.

The server starts the thread. Once the first visitor sees the frame, or after a moment without a visitor, it imports
what the landing page needs, then loads the model in use, so that the first image does not wait for it, and then imports
what DICOM images and similar images need. What the other pages need takes 170 MB and is imported when one of them is
opened. Pages wait for the thread before they import anything slow: packages with circular imports, such as pandas, can
fail when two threads import them at once.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fracture_core.io.freed_memory import limit_kept_memory
from pages.components.common.server_security import keep_uploads_in_memory

if TYPE_CHECKING:
    from streamlit import App

_LANDING_PAGE_MODULES = (
    "pages.components.second_opinion.downloads",
    "pages.components.second_opinion.workspace",
    "pages.components.second_opinion.intake",
    "pages.components.train.queue",
    "fracture_core.inference.predictor",
    "ai_edge_litert.interpreter",
)
_AFTER_THE_MODEL = ("fracture_core.imaging.dicom", "pages.components.second_opinion.similar_images")
_OTHER_PAGES_MODULES = (
    "altair",
    "sklearn.metrics",
    "pages.components.failures.subgroups",
    "pages.components.train.form",
)

# Seconds after the start of the server in which a browser that opens with it asks for its first page.
_WAIT_FOR_FRAME = 2.0

_started = threading.Event()
_frame_drawn = threading.Event()
_landing_page_ready = threading.Event()
_other_page_opened = threading.Event()
_all_ready = threading.Event()


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Limit the memory of the server, keep uploads in it and start the thread; the lifespan handler of the app."""
    limit_kept_memory()
    keep_uploads_in_memory()
    _started.set()
    threading.Thread(target=_preload, name="preload", daemon=True).start()
    yield


def wait_for_modules(landing_page: bool) -> None:
    """Wait until the modules of a page are imported; return at once where no server runs, as in tests.

    Called once the frame is drawn.

    Args:
        landing_page: whether those of the landing page are enough.
    """
    if not _started.is_set():
        return
    _frame_drawn.set()
    if landing_page:
        _landing_page_ready.wait()
    else:
        _other_page_opened.set()
        _all_ready.wait()


def _preload() -> None:
    # The imports compete with the first page for the interpreter, so the frame is drawn first.
    _frame_drawn.wait(_WAIT_FOR_FRAME)
    try:
        _import_modules(_LANDING_PAGE_MODULES)
        _landing_page_ready.set()
        _load_model_in_use()
        _import_modules(_AFTER_THE_MODEL)
        _other_page_opened.wait()
        _import_modules(_OTHER_PAGES_MODULES)
    finally:
        # No page may wait for ever. After a failed import the page imports the module again and shows its own error.
        _landing_page_ready.set()
        _all_ready.set()


def _import_modules(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)


def _load_model_in_use() -> None:
    """Load it, after completing a rename or deletion of a model that was interrupted."""
    from fracture_core import paths
    from fracture_core.errors import SecondLookError
    from fracture_core.registry.model_operations import finish_interrupted_change
    from pages.components.common import resources

    try:
        finish_interrupted_change(resources.model_store(), paths.runs_dir())
        resources.load_predictor(resources.card_in_use())
    except SecondLookError as error:
        # The page shows the same error to its user.
        logging.getLogger(__name__).info("The model in use was not loaded: %s", error)
