"""File names that are not valid UTF-8: escaped for display and storage, and resolved back to the file.

Python reads such a name with the error handler `surrogateescape` (PEP 383). The result opens the file, but it can
neither be printed nor written as UTF-8. Every name that leaves Python therefore passes through `escape_name`.
"""

import codecs
import os
import re
from pathlib import Path

#: Name of the codec error handler that escapes what cannot be encoded.
ERROR_HANDLER = "second_look_escape"

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def escape_name(text: str) -> str:
    r"""Replace what cannot be written as UTF-8 by an escape sequence.

    Args:
        text: a file name, a path or a sentence that contains one.

    Returns:
        The text with undecodable bytes as `\xNN`. Text that is valid Unicode is returned unchanged.

    Example:
        >>> print(escape_name("R\udcf6ntgen_1.png"))
        R\xf6ntgen_1.png
    """
    return _SURROGATE.sub(lambda match: _escape(match.group()), text)


def unescape_name(text: str) -> str:
    """Undo `escape_name`. Text without escape sequences is returned unchanged."""
    if _ESCAPED_BYTE.search(text) is None:
        return text
    return _ESCAPED_BYTE.sub(lambda match: os.fsdecode(bytes([int(match[1], 16)])), text)


def resolve_name(path: str | Path) -> Path:
    r"""Find the file that an escaped path stands for.

    Args:
        path: as `escape_name` returned it, or any other path.

    Returns:
        The path itself if it exists or contains no escape sequence, otherwise the path with the original bytes.
    """
    text = str(path)
    if os.name == "nt" or os.path.lexists(text):
        return Path(path)
    return Path(unescape_name(text))


def encode_name(text: str) -> bytes:
    """Encode a path for hashing. Valid Unicode gives the same bytes as UTF-8."""
    return text.encode("utf-8", "surrogateescape" if _is_escapable(text) else "surrogatepass")


def _is_escapable(text: str) -> bool:
    return all("\udc80" <= match.group() <= "\udcff" for match in _SURROGATE.finditer(text))


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("ascii", "backslashreplace").decode()


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escape, error.object[error.start : error.end])), error.end


codecs.register_error(ERROR_HANDLER, _escape_unencodable)
