"""The films of a study side by side, each with its verdict, and what they say together."""

from __future__ import annotations

import html
from collections import Counter

import streamlit as st

from fracture_core.inference.study import Study, StudyImage
from fracture_core.registry.card import ModelCard
from fracture_core.report.sentences import BUT_OUT_OF_SCOPE, OUT_OF_SCOPE, percent_text
from fracture_core.vocabulary import Verdict, verdict_text
from pages.components.common import boundary, layout
from pages.components.second_opinion import answer

_FILM, _PAGE = "film", "strip page"

#: Films shown at a time, and in a row.
_SHOWN, _ROW = 16, 8

# Words for films without a verdict.
_OUT_OF_SCOPE = "Out of scope"
_WITHOUT = ("No opinion", "Not read", "Stopped")

#: Seconds between two looks at a study that is being read.
_EVERY = 0.6


def opened_image(entries: list[StudyImage]) -> StudyImage:
    """The film that is open: the one chosen, or else the most suspicious once all are read, the first read before.

    It stays open while others come in, so that nothing moves under the reader's eyes.
    """
    chosen = next((entry for entry in entries if entry.key == st.session_state.get(_FILM)), None)
    if chosen is None:
        judged = [entry for entry in entries if entry.summary is not None]
        waits = any(entry.waits for entry in entries)
        chosen = (judged[0] if waits and judged else _most_suspicious(entries)) or (judged or entries)[0]
        if judged or not waits:
            _open(entries, entries.index(chosen))
    return chosen


def show(reading: Study, entries: list[StudyImage], card: ModelCard) -> None:
    """Draws the strip; while films are being read, again and again.

    The page is drawn anew when another film is opened, when the open one was read, and when reading begins or ends.
    """
    waits = any(entry.waits for entry in entries)
    boundary.fragment(_live, run_every=_EVERY if waits else None)(
        reading, card, waits, _seen(opened_image(entries))
    )


def _live(reading: Study, card: ModelCard, waited: bool, seen: tuple[str, bool]) -> None:
    entries = reading.images()
    waits = sum(entry.waits for entry in entries)
    chosen = opened_image(entries)
    if bool(waits) != waited or _seen(chosen) != seen:
        st.rerun()
    _together(entries, chosen, card)
    if waits:
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.progress(1 - waits / len(entries), text=f"Read {len(entries) - waits} of {len(entries)} films")
        right.button(
            "Stop reading", key="strip stop", on_click=boundary.callback(reading.cancel), width="stretch"
        )
    elif any(entry.stopped for entry in entries):
        st.button("Read the rest", key="strip rest", on_click=boundary.callback(reading.resume))
    _films(entries, chosen, card)
    _steps(entries, chosen)


def _together(entries: list[StudyImage], chosen: StudyImage, card: ModelCard) -> None:
    """The verdict of the study: that of its most suspicious film in scope."""
    worst = _most_suspicious(entries)
    waits = any(entry.waits for entry in entries)
    told = _told(entries, card)
    if worst is None or worst.summary is None or worst.summary.verdict is None:
        if not waits:
            verdict = OUT_OF_SCOPE if all(map(_out_of_scope, entries)) else "no verdict"
            st.html(
                f'<div class="study" data-testid="study-verdict"><b>Study of {len(entries)} films: {verdict}.</b> '
                f"{html.escape(told)}</div>"
            )
        return
    verdict, share = worst.summary.verdict, percent_text(worst.summary.probability or 0.0)
    so_far, comma = (" so far", ",") if waits else ("", "")
    with st.container(horizontal=True, vertical_alignment="center", key="study-verdict"):
        st.html(
            f'<div class="study {answer.VERDICT_CLASSES[verdict]}" data-testid="study-verdict"><b>Study of '
            f"{len(entries)} "
            f"films{comma}{so_far}: {html.escape(verdict_text(verdict, card.finding))}.</b> "
            f"Most suspicious{so_far}: {html.escape(worst.name)}, {share}. {html.escape(told)}</div>"
        )
        if worst.key != chosen.key:
            st.button(
                "Open the most suspicious",
                key="strip worst",
                on_click=boundary.callback(_open),
                args=(entries, entries.index(worst)),
            )
    if not waits:
        st.caption(
            "A study is as suspicious as its most suspicious film. The thresholds were chosen for single films: the "
            "more films, the likelier one of them is suspected by mistake."
        )


def _told(entries: list[StudyImage], card: ModelCard) -> str:
    """How many films have which verdict, and how many are out of scope, as sentences."""
    outside = sum(map(_out_of_scope, entries))
    counts = Counter(_words(entry, card) for entry in entries if not entry.waits and not _out_of_scope(entry))
    order = [*(verdict_text(verdict, card.finding).capitalize() for verdict in Verdict), *_WITHOUT]
    told = ", ".join(f"{words.lower()} {counts[words]}" for words in order if counts[words]).capitalize()
    scope = f"{outside} of {len(entries)} images out of scope." if outside else ""
    return f"{told}. {scope}".strip() if told else scope


def _films(entries: list[StudyImage], chosen: StudyImage, card: ModelCard) -> None:
    """One page of thumbnails."""
    page = _page(entries)
    shown = entries[page * _SHOWN : (page + 1) * _SHOWN]
    strip = st.container(key="strip")
    for start in range(0, len(shown), _ROW):
        for place, entry in zip(strip.columns(_ROW), shown[start : start + _ROW], strict=False):
            with place:
                if entry.summary is not None:
                    st.image(entry.summary.thumbnail, width="stretch")
                else:
                    st.html('<div class="blank"></div>')
                st.button(
                    f"**{_words(entry, card)}**  \n{layout.escape_markdown(entry.name.rsplit('/', 1)[-1])}",
                    key=f"choose {entry.key}",
                    type="primary" if entry.key == chosen.key else "secondary",
                    width="stretch",
                    on_click=boundary.callback(_open),
                    args=(entries, entries.index(entry)),
                )


def _steps(entries: list[StudyImage], chosen: StudyImage) -> None:
    """To the film before and the one after, by button or key; and to other pages of the strip."""
    at = entries.index(chosen)
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        for words, key, step in (("Previous film", "p", -1), ("Next film", "n", 1)):
            st.button(
                words,
                key=f"strip {key}",
                shortcut=key,
                disabled=not 0 <= at + step < len(entries),
                on_click=boundary.callback(_step),
                args=(entries, step),
            )
        st.caption(f"Film {at + 1} of {len(entries)}")
        pages = _pages(entries)
        if pages > 1:
            page = _page(entries)
            for words, step in (("Earlier films", -1), ("Later films", 1)):
                st.button(
                    words,
                    key=f"strip {words}",
                    disabled=not 0 <= page + step < pages,
                    on_click=boundary.callback(_turn),
                    args=(page + step,),
                )
            st.caption(
                f"Films {page * _SHOWN + 1}–{min((page + 1) * _SHOWN, len(entries))} of {len(entries)}"
            )


def _pages(entries: list[StudyImage]) -> int:
    return -(-len(entries) // _SHOWN)


def _page(entries: list[StudyImage]) -> int:
    """The page of the strip that is shown; films may have been removed since it was turned."""
    return min(int(st.session_state.get(_PAGE, 0)), _pages(entries) - 1)


def _seen(entry: StudyImage) -> tuple[str, bool]:
    """What the page shows of the open film changes with this."""
    return entry.key, entry.waits


def _open(entries: list[StudyImage], at: int) -> None:
    st.session_state[_FILM] = entries[at].key
    st.session_state[_PAGE] = at // _SHOWN


def _step(entries: list[StudyImage], by: int) -> None:
    """From the film that is open when it is called, so that two quick keys go two films on though nothing was drawn."""
    at = entries.index(opened_image(entries)) + by
    if 0 <= at < len(entries):
        _open(entries, at)


def _turn(page: int) -> None:
    st.session_state[_PAGE] = page


def _most_suspicious(entries: list[StudyImage]) -> StudyImage | None:
    judged = [entry for entry in entries if entry.probability is not None and not _out_of_scope(entry)]
    return max(judged, key=lambda entry: entry.probability or 0.0, default=None)


def _out_of_scope(entry: StudyImage) -> bool:
    return entry.summary is not None and entry.summary.gate.out_of_scope


def _words(entry: StudyImage, card: ModelCard) -> str:
    no_opinion, not_read, stopped = _WITHOUT
    if entry.waits:
        return "Waiting"
    if entry.summary is None:
        return stopped if entry.stopped else not_read
    if entry.summary.verdict is None:
        return _OUT_OF_SCOPE if entry.summary.gate.withheld else no_opinion
    words = verdict_text(entry.summary.verdict, card.finding).capitalize()
    return f"{words} {BUT_OUT_OF_SCOPE}" if entry.summary.gate.out_of_scope else words
