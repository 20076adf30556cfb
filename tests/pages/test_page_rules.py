"""Rules for pages: cached functions draw nothing, and nothing runs outside the boundary."""

from pathlib import Path

import pytest
from streamlit_calls import Pages, find_unguarded_calls

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8")
    for path in [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
}
BOUNDARY = "pages.components.common.boundary"

_BODIES = {
    "an element": "@st.cache_data\ndef load(path: str):\n    st.write(path)\n",
    "a widget": "@st.cache_resource(max_entries=2)\ndef load():\n    return st.checkbox('A')\n",
    "session state": "@st.cache_data()\ndef load():\n    return st.session_state.get('a')\n",
    "the sidebar": "@st.cache_data\ndef load():\n    with st.sidebar:\n        pass\n",
    "a callee": "def draw():\n    st.write(1)\n@st.cache_data\ndef load():\n    draw()\n",
    "a callee that is passed on": "def draw():\n    st.write(1)\n@st.cache_data\ndef load():\n    submit(draw)\n",
    "a lambda": "@st.cache_data\ndef load():\n    submit(lambda: st.write(1))\n",
    "a nested function": "@st.cache_data\ndef load():\n    def tell():\n        st.write(1)\n    tell()\n",
    "another module": "from pages import other\n@st.cache_data\ndef load():\n    other.draw()\n",
    "another module's function": "from pages.other import draw as d\n@st.cache_data\ndef load():\n    d()\n",
    "a method": (
        "class Bar:\n    def move(self):\n        st.write(1)\n@st.cache_data\ndef load(b: Bar):\n    b.move()\n"
    ),
    "a class": "class Bar:\n    def __init__(self):\n        st.write(1)\n@st.cache_data\ndef load():\n    Bar()\n",
    "a parameter without a type": "@st.cache_data\ndef load(_tell):\n    _tell(1)\n",
    "a callback": "@st.cache_data\ndef load(_tell: Callable[[int], None]):\n    core(_tell)\n",
    "an alias of the decorator": "keep = st.cache_data\n@keep\ndef load():\n    st.write(1)\n",
    "an alias with arguments": "keep = st.cache_data(ttl=2)\n@keep\ndef load():\n    st.write(1)\n",
    "an import of the decorator": "from streamlit import cache_data as c\n@c\ndef load():\n    st.write(1)\n",
    "a call of the decorator": "def _load():\n    st.write(1)\nload = st.cache_data(_load)\n",
    "a call with arguments": "def _load():\n    st.write(1)\nload = st.cache_data(ttl=2)(_load)\n",
}


def _find_violations(body: str) -> list[str]:
    other = "import streamlit as st\ndef draw():\n    st.write(1)\n"
    return Pages({"pages.sample": f"import streamlit as st\n{body}", "pages.other": other}).find_violations()


@pytest.mark.parametrize("name", _BODIES)
def test_rule_for_cached_functions_finds(name):
    assert _find_violations(_BODIES[name]) != []


def test_rule_for_cached_functions_allows_other_caches():
    body = "@st.cache_data\ndef inner(a: int):\n    return a\n@st.cache_data\ndef load(b: str):\n    return inner(1)\n"
    assert _find_violations(body) == []


def test_rule_for_cached_functions_finds_a_progress_callback():
    body = (
        "def show():\n    place = st.empty()\n    slides(1, lambda share: place.progress(share))\n"
        "@st.cache_resource\ndef slides(key: int, _tell):\n    _tell(0.5)\n"
    )
    assert _find_violations(body) == ["pages.sample.slides: the parameter _tell (no type) may draw"]


def test_cached_functions_draw_nothing_and_read_no_state():
    pages = Pages(SOURCES)
    assert len(list(pages.cached_functions())) > 20
    assert pages.find_violations() == []


@pytest.mark.parametrize(
    "source",
    [
        "@st.fragment\ndef draw(): ...",
        "st.fragment(draw, run_every=1)()",
        "from streamlit import fragment",
        "st.button('A', on_click=take)",
        "st.button('A', on_click=lambda: take())",
        "st.selectbox('A', [], on_change=job.cancel)",
        "st.download_button('A', data=lambda: take())",
    ],
)
def test_rule_for_the_boundary_finds(source):
    assert len(find_unguarded_calls(source, "sample")) == 1


def test_fragments_callbacks_and_downloads_run_inside_the_boundary():
    violations = [
        call
        for name, text in SOURCES.items()
        if name != BOUNDARY
        for call in find_unguarded_calls(text, name)
    ]
    assert violations == []
