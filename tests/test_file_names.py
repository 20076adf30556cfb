"""File names that are not valid UTF-8."""

import io
import os

import pytest

from fracture_core.errors import DataError
from fracture_core.file_names import ERROR_HANDLER, encode_name, escape_name, resolve_name, unescape_name

_NAME = os.fsdecode(b"R\xf6ntgen_1.png")


def test_undecodable_bytes_are_escaped():
    assert escape_name(_NAME) == r"R\xf6ntgen_1.png"
    assert escape_name(escape_name(_NAME)) == escape_name(_NAME)
    assert unescape_name(escape_name(_NAME)) == _NAME


@pytest.mark.parametrize("text", ["", "a.png", "Röntgen.png", "レントゲン.png", r"a\x41b\n.png"])
def test_valid_text_is_unchanged(text):
    assert escape_name(text) == unescape_name(text) == text


def test_other_surrogates_are_escaped():
    assert escape_name("a\ud800b") == r"a\ud800b"
    assert encode_name("a\ud800b")


def test_escaped_path_finds_its_file(tmp_path):
    folder = tmp_path / _NAME
    folder.mkdir()
    (folder / _NAME).write_bytes(b"film")
    assert resolve_name(escape_name(str(folder / _NAME))).read_bytes() == b"film"
    assert resolve_name(folder / _NAME).read_bytes() == b"film"


def test_file_with_a_literal_backslash_takes_precedence(tmp_path):
    for name, content in ((_NAME, b"bytes"), (r"R\xf6ntgen_1.png", b"backslash")):
        (tmp_path / name).write_bytes(content)
    assert resolve_name(tmp_path / r"R\xf6ntgen_1.png").read_bytes() == b"backslash"


def test_names_are_encoded_for_hashing():
    assert encode_name("Röntgen") == "Röntgen".encode()
    assert encode_name(_NAME) == b"R\xf6ntgen_1.png"


def test_error_messages_escape_file_names():
    str(DataError(f"Expected {_NAME}.")).encode()
    assert str(DataError(f"Expected {_NAME}.")) == r"Expected R\xf6ntgen_1.png."


def test_stream_escapes_characters_it_cannot_encode():
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", errors=ERROR_HANDLER) as stream:
        stream.write(f"{_NAME} “ü”\n")
        stream.flush()
        assert raw.getvalue() == b"R\\xf6ntgen_1.png \\u201c\\xfc\\u201d\n"
