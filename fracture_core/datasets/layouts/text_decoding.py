"""Decoding of text files with unknown encoding."""

import codecs

# UTF-32 first, because its little-endian byte order mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}

# Size of the examined sample in bytes, and the share of zero bytes in one of two positions that indicates UTF-16.
_SAMPLE, _ZEROS = 4096, 0.3


def decode_text(content: bytes, cut: bool = False) -> tuple[str, str]:
    """Decode a text file by its byte order mark, or else by trial.

    UTF-16 without a byte order mark is recognised by its zero bytes. Text that is not valid UTF-8 is decoded as
    Windows-1252, or as Latin-1 if Windows-1252 lacks a character.

    Args:
        content: bytes of the file.
        cut: whether they are only the beginning of the file, so that the last character may be incomplete.

    Returns:
        The text, and the name of the encoding for messages.

    Raises:
        UnicodeDecodeError: If the bytes are not text.

    Example:
        >>> decode_text("Größe".encode("cp1252"))
        ('Größe', 'Windows-1252')
    """
    encoding = _encoding(content, cut)
    text = content.decode(encoding, "replace" if cut else "strict")
    if "\0" in text:
        position = text.index("\0")
        raise UnicodeDecodeError(
            encoding, content[:64], position, position + 1, "it contains zero bytes and is not text"
        )
    return text.lstrip("\ufeff"), _NAMES[encoding]  # some programs write the byte order mark twice


def _encoding(content: bytes, cut: bool) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE]
    even, odd = (sample[start::2].count(0) / max(1, len(sample) // 2) for start in (0, 1))
    if odd > _ZEROS and even < _ZEROS / 3:
        return "utf-16-le"
    if even > _ZEROS and odd < _ZEROS / 3:
        return "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError as error:
            if cut and encoding == "utf-8" and len(content) - error.start < 4:
                return encoding
            continue
        return encoding
    return "latin-1"
