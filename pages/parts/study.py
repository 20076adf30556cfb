"""The films of one session: judged once, kept in memory only, forgotten on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.card import Card
from pages.parts import resources

if TYPE_CHECKING:
    from fracture_core.opinion import Opinion

_KEY, _GENERATION = "study", "study generation"

_KEPT, _RESTORED = "kept", "restored"

# First words of what the page keeps of a study; other pages' settings stay.
_OWN = frozenset(
    {"study", "kept", "restored", "films", "film", "sample", "region", "view", "opacity", "save", "choose"}
)


@dataclass(frozen=True, eq=False)
class Entry:
    """One file of a study: an opinion, or the sentence why there is none."""

    name: str
    key: str
    content: bytes
    opinion: Opinion | None
    error: str = ""

    @property
    def summary(self) -> Opinion | None:
        """The opinion, for what needs no pixels."""
        return self.opinion

    @property
    def probability(self) -> float | None:
        """Of a fracture, 0–1; None where the film was not read or not judged."""
        return self.opinion.probability if self.opinion else None


def judge(files: Sequence[tuple[str, bytes]], card: Card) -> list[Entry]:
    """An entry for each file, in order; files seen before in this session are not judged again.

    One bad file never spoils the others. What is no longer among the files is forgotten.

    Args:
        files: (name, content) of each.
        card: the model that judges.
    """
    known: dict[str, Opinion | str] = st.session_state.setdefault(_KEY, {})
    keys = [f"{card.id} {card.weights.sha256} {hashlib.sha256(content).hexdigest()}" for _, content in files]
    for stale in set(known) - set(keys):
        del known[stale]
    missing = len(set(keys) - set(known))
    if missing:
        reader = resources.reader(card)
        bar = st.progress(0.0, text="Reading the films …") if missing > 1 else None
        done = 0
        for key, (name, content) in zip(keys, files, strict=True):
            if key in known:
                continue
            try:
                known[key] = reader.opinion(content)
            except SecondLookError as error:
                known[key] = str(error)
            done += 1
            if bar is not None:
                bar.progress(done / missing, text=f"Read {done} of {missing}: {name}")
        if bar is not None:
            bar.empty()
    entries = []
    for number, (key, (name, content)) in enumerate(zip(keys, files, strict=True)):
        found = known[key]
        # The number tells two files with the same content apart.
        entry_key = f"{key} {number}"
        entries.append(
            Entry(name, entry_key, content, None, found)
            if isinstance(found, str)
            else Entry(name, entry_key, content, found)
        )
    return entries


def kept(files: Sequence[tuple[str, bytes]]) -> Sequence[tuple[str, bytes]]:
    """The files of the uploader, or those of before when it has just been drawn anew.

    Streamlit empties an uploader while another page is shown; a study must not be lost by that.
    """
    state = st.session_state
    if files:
        state[_KEPT], state[_RESTORED] = list(files), False
    elif state.get("arrived"):
        state[_RESTORED] = bool(state.get(_KEPT))
    elif not state.get(_RESTORED):
        state[_KEPT] = []
    return state.get(_KEPT, [])


def generation() -> int:
    """Counts how often the study was forgotten; part of the widgets' keys, so that they empty too."""
    return int(st.session_state.get(_GENERATION, 0))


def forget() -> None:
    """Empties this session's memory of films."""
    number = generation()
    for key in list(st.session_state):
        if str(key).split(" ")[0] in _OWN:
            del st.session_state[key]
    st.session_state[_GENERATION] = number + 1
