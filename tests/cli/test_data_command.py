"""`data list` and `data get`."""

from dataclasses import replace

import pytest
from hosts import Page, packed_fracatlas

from fracture_core.data.download import public_set, sets
from fracture_core.data.download.figshare import Figshare


@pytest.fixture
def fracatlas(local_host, monkeypatch):
    """FracAtlas from here instead of figshare; gives the host."""
    row = replace(public_set("fracatlas"), source=Figshare(22363012, f"{local_host.url}/v2"), counts={"": 6})
    monkeypatch.setattr(sets, "SETS", (row,))
    local_host.article(22363012, {"FracAtlas.zip": Page(packed_fracatlas())})
    return local_host


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A person at a terminal who answers; gives what the person had read by then."""
    read: list[str] = []

    def sit(answer: str) -> list[str]:
        def ask(prompt: str = "") -> str:
            read.append(capsys.readouterr().out + prompt)
            if answer == "^D":
                raise EOFError
            return answer

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", ask)
        return read

    return sit


@pytest.mark.parametrize("words", [("data", "list"), ("data", "get")])
def test_the_list(command, words):
    said = command(*words)
    assert said.status == 0
    assert [line.split()[0] for line in said.lines if not line.startswith(" ")] == [
        row.name for row in sets.SETS
    ]
    assert "about 338 MB; licence: CC BY 4.0" in said.out
    assert "https://www.kaggle.com/datasets/devbatrax/fracture-detection-using-x-ray-images" in said.out


def test_with_consent_given_beforehand(command, fracatlas, tmp_path):
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert said.status == 0
    assert said.lines[-1] == f"6 films are in {tmp_path / 'fa'}, layout fracatlas."
    assert "Fetching: 100% of " in said.err
    assert said.lines[1] == "Licence: CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"


def test_without_a_terminal_consent_must_be_given(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert said.status == 1
    assert said.err.splitlines() == [
        "Expected your consent to the licence of FracAtlas, but there is no terminal to ask on: read it and add --yes."
    ]
    assert fracatlas.log == []


@pytest.mark.parametrize("answer", ["y", " YES "])
def test_the_terms_are_read_before_anything_is_fetched(command, fracatlas, terminal, tmp_path, answer):
    read = terminal(answer)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert said.status == 0
    assert "CC BY 4.0" in read[0]
    assert "Abedeen et al. 2023" in read[0]
    assert len(fracatlas.log) == 2


@pytest.mark.parametrize("answer", ["", "n", "what?", "^D"])
def test_who_does_not_agree_fetches_nothing(command, fracatlas, terminal, tmp_path, answer):
    terminal(answer)
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa")
    assert (said.status, said.err) == (1, "Nothing was fetched.\n")
    assert fracatlas.log == []
    assert list(tmp_path.iterdir()) == []


def test_a_warning_does_not_fail(command, fracatlas, monkeypatch, tmp_path):
    monkeypatch.setattr(sets, "SETS", (replace(sets.SETS[0], counts={"": 4083}),))
    said = command("data", "get", "fracatlas", "--to", tmp_path / "fa", "--yes")
    assert said.status == 0
    assert "Expected 4,083 films as published, but there are 6 films" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing", "--to", "x"), "but got 'nothing'"),
        (("fracatlas",), "there is no terminal to ask on"),
        (("mura", "--to", "x"), "is given to those who register"),
    ],
)
def test_one_sentence(command, words, sentence):
    said = command("data", "get", *words)
    assert said.status == 1
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
