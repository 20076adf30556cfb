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


@dataclass(frozen=True, eq=False)
class Entry:
    """One file of a study: an opinion, or the sentence why there is none."""

    name: str
    key: str
    opinion: Opinion | None
    error: str = ""

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
    known: dict[str, Entry] = st.session_state.setdefault(_KEY, {})
    keys = [f"{hashlib.sha256(content).hexdigest()} {card.weights.sha256}" for _, content in files]
    for stale in set(known) - set(keys):
        del known[stale]
    missing = sum(key not in known for key in keys)
    if missing:
        reader = resources.reader(card)
        bar = st.progress(0.0, text="Reading the films …") if missing > 1 else None
        done = 0
        for key, (name, content) in zip(keys, files, strict=True):
            if key in known:
                continue
            try:
                known[key] = Entry(name, key, reader.opinion(content))
            except SecondLookError as error:
                known[key] = Entry(name, key, None, str(error))
            done += 1
            if bar is not None:
                bar.progress(done / missing, text=f"Read {done} of {missing}: {name}")
        if bar is not None:
            bar.empty()
    return [known[key] for key in keys]


def generation() -> int:
    """Counts how often the study was forgotten; part of the widgets' keys, so that they empty too."""
    return int(st.session_state.get(_GENERATION, 0))


def forget() -> None:
    """Empties this session's memory of films."""
    number = generation()
    st.session_state.clear()
    st.session_state[_GENERATION] = number + 1
