"""Putting a model in use: the button, the comparison with the model in use, and the reason where a check fails."""

import html
from pathlib import Path

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME
from fracture_core.runs.run import Run
from fracture_core.training import release
from fracture_core.training.release import ReleaseComparison
from pages.components.common import boundary, layout, resources
from pages.components.failures import state as failures
from pages.components.train import state

#: Session state: name and weights of the model whose comparison is open.
_ASKED = "train_release_asked"

_TABLE = """<style>
.release {{ border-collapse: collapse; width: 100%; font-size: 0.9rem; table-layout: fixed; }}
.release th, .release td {{ text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0;
  border-bottom: 1px solid #262C34; overflow-wrap: anywhere; }}
.release th {{ font-weight: 400; color: #98A3AF; }}
.release thead th {{ color: #F2F5F7; font-weight: 600; }}
.release thead th:first-child {{ width: 24%; }}
.release td {{ font-variant-numeric: tabular-nums; }}
@media (max-width: 640px) {{
  .release {{ font-size: 0.82rem; }}
  .release tbody tr {{ display: grid; grid-template-columns: 1fr 1fr; column-gap: 0.6rem;
    border-bottom: 1px solid #262C34; }}
  .release tbody th {{ grid-column: 1 / -1; padding-bottom: 0; }}
  .release tbody th, .release tbody td {{ border-bottom: 0; }}
  .release thead tr {{ display: grid; grid-template-columns: 1fr 1fr; column-gap: 0.6rem; }}
  .release thead th:first-child {{ display: none; }}
}}
</style><table class="release"><thead><tr><th></th><th scope="col">In use: {current}</th>
<th scope="col">{candidate}</th></tr></thead><tbody>{rows}</tbody></table>"""


def show(card: ModelCard, run: Run | None = None) -> None:
    """Draw the button and, once it is pressed, the comparison to confirm.

    Args:
        card: card of the model.
        run: the run it comes from; None for a model of the registry.
    """
    store = resources.model_store()
    added = _is_added(card)
    if added and store.model_in_use() == card.id:
        st.markdown("This model is in use on every page.")
        _show_failures_button(card, None if added else run)
        return
    # Copies of a model have the same weights, and a new run can have the name of a deleted one.
    key = f"{card.id} {card.weights.sha256}"
    if st.session_state.get(_ASKED) != key:
        with st.container(horizontal=True):
            st.button(
                "Put in use",
                type="primary",
                key=f"train_use_{card.id}",
                on_click=boundary.callback(_ask),
                args=(key,),
                help="Shows a comparison with the model in use first.",
            )
            _show_failures_button(card, None if added else run)
        return
    folder = store.root / card.id if added or run is None else run.result
    try:
        with st.spinner("Comparing the model with the one in use …"):
            comparison = _comparison(folder, _file_times(folder), store.model_in_use() if store.ids() else "")
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    with st.container(border=True, key="release"):
        st.markdown(f"**Put {layout.escape_markdown(card.id)} in use on every page?**")
        _show_comparison(comparison)
        reason = _confirm(comparison)
        if reason is not None:
            _put_in_use(card, None if added else run, reason, comparison)


def _show_failures_button(card: ModelCard, run: Run | None) -> None:
    """Draw the button that opens the model's test images on Failures.

    Args:
        card: card of the model.
        run: the run that is added to the models first; None for a model that is among them.
    """
    store = resources.model_store()
    folder = store.root / card.id if run is None else run.result
    if not (folder / PREDICTIONS_NAME).is_file():
        return
    if not st.button(
        "Open in Failures",
        key=f"train_failures_{card.id}",
        help=None if run is None else "Adds the model to the models of this computer. It is not put in use.",
    ):
        return
    try:
        if run is not None:
            with st.spinner("Checking the weights …"):
                store.add(run.result)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    failures.open_model(card.id)
    st.switch_page("pages/failures.py")


def _put_in_use(card: ModelCard, run: Run | None, reason: str, comparison: ReleaseComparison) -> None:
    """Put the model in use, and add it to the registry first if it comes from a run."""
    if comparison.reason_needed and not reason.strip():
        st.error("Enter a reason first. It is stored in the history of the model in use.")
        return
    store = resources.model_store()
    try:
        with st.spinner("Checking the weights and the reference prediction …"):
            if run is not None:
                store.add(run.result)
            release.put_in_use(store, card.id, reason, comparison)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    _ask("")
    state.go_to(f"{card.title} ({card.id}) is now in use on every page.")


def _is_added(card: ModelCard) -> bool:
    """Whether this very model is in the registry."""
    store = resources.model_store()
    try:
        return card.id in store.ids() and store.card(card.id).weights == card.weights
    except SecondLookError:
        return False


def _ask(key: str) -> None:
    st.session_state[_ASKED] = key


def _file_times(folder: Path) -> tuple[int, ...]:
    """Return the modification times of the files that a comparison depends on."""
    store = resources.model_store()
    folders = [folder, *([store.root / store.model_in_use()] if store.ids() else [])]
    paths = [place / name for place in folders for name in (CARD_NAME, PREDICTIONS_NAME)]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)


@st.cache_data(show_spinner=False, max_entries=8)
def _comparison(folder: Path, file_times: tuple[int, ...], current_id: str) -> ReleaseComparison:
    """Compare; cached until a file changes or another model is in use."""
    return release.compare_with_model_in_use(resources.model_store(), folder)


def _show_comparison(comparison: ReleaseComparison) -> None:
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{current}</td><td>{candidate}</td></tr>'
        for name, current, candidate in (map(html.escape, row) for row in comparison.rows())
    )
    st.html(
        _TABLE.format(
            current=html.escape(comparison.current_id or "none"),
            candidate=html.escape(comparison.candidate.id),
            rows=rows,
        )
    )
    st.caption(layout.escape_markdown(comparison.pair_sentence()))
    if comparison.failed:
        st.warning("\n".join(f"- {layout.escape_markdown(failed.sentence)}" for failed in comparison.failed))


def _confirm(comparison: ReleaseComparison) -> str | None:
    """Return the reason, "" if none is needed; None until the change is confirmed."""
    # In a form, the text is sent together with the click.
    with st.form("release_form", border=False):
        reason = ""
        if comparison.reason_needed:
            reason = st.text_input(
                "Reason for using it anyway",
                max_chars=release.LONGEST_REASON,
                help="Required, because the model fails a check. It is stored in the history of the model in use.",
            )
        with st.container(horizontal=True):
            confirmed = st.form_submit_button("Put it in use", type="primary")
            st.form_submit_button("Cancel", on_click=boundary.callback(_ask), args=("",))
    return reason if confirmed else None
