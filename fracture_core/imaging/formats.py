"""Detection of the file type from the content of a file, never from its name."""

import puremagic

#: The supported formats, as named in error messages.
EXPECTED_FORMATS = "expected one radiograph as PNG, JPEG, TIFF, BMP, WebP or DICOM"

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",  # BigTIFF
    b"MM\x00+": "TIFF",
}

# Sizes of the BMP information header, which follows the file header of 14 bytes.
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}

# Types that are often uploaded by mistake, by the extension that puremagic returns.
_NAMES = {
    ".pdf": "a PDF document",
    ".fdf": "a PDF document",
    ".gif": "a GIF image",
    ".heif": "a HEIF photo",
    ".heic": "a HEIF photo",
    ".avif": "an AVIF image",
    ".jp2": "a JPEG 2000 image",
    ".svg": "an SVG drawing",
    ".html": "a web page",
    ".gz": "a GZIP archive",
    ".mp4": "an MPEG-4 video",
    ".avi": "an AVI video",
    ".exe": "a Windows program",
}

# puremagic rates a guess by the length of its signature. Guesses below this rating are unreliable.
_MIN_CONFIDENCE = 0.35


def is_dicom(data: bytes) -> bool:
    """Whether the bytes have the DICOM prefix after the preamble (PS3.10 section 7.1)."""
    return data[128:132] == b"DICM"


def may_be_bare_dicom(data: bytes) -> bool:
    """Whether the bytes may be a DICOM dataset without preamble and prefix.

    Such files begin with an element of group 0002 or 0008 (PS3.5 section 7.1), as few other formats do. Only parsing
    shows whether they are DICOM.
    """
    little = data[0:2] in (b"\x02\x00", b"\x08\x00") and data[3:4] == b"\x00"
    big = data[0:2] == b"\x00\x08" and data[2:3] == b"\x00"
    return len(data) > 16 and (little or big)


def may_be_dicom(data: bytes) -> bool:
    """Whether the bytes are a DICOM file or may be a bare DICOM dataset; certain for an image that was read."""
    return is_dicom(data) or may_be_bare_dicom(data)


def raster_format(data: bytes) -> str | None:
    """Detect PNG, JPEG, TIFF, BMP and WebP images.

    Args:
        data: the file.

    Returns:
        The name of the format; None for other files.

    Example:
        >>> raster_format(bytes.fromhex("ffd8ffe0"))
        'JPEG'
    """
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


# Brands of files in the ISO base media format (ISO/IEC 14496-12, the `ftyp` box).
_BRANDS = {
    b"avif": "an AVIF image",
    b"avis": "an AVIF image",
    b"heic": "a HEIF photo",
    b"heix": "a HEIF photo",
    b"heim": "a HEIF photo",
    b"heis": "a HEIF photo",
    b"hevc": "a HEIF photo",
    b"hevx": "a HEIF photo",
    b"jxl ": "a JPEG XL image",
    b"jp2 ": "a JPEG 2000 image",
    b"jpx ": "a JPEG 2000 image",
    b"jph ": "a JPEG 2000 image",
}

# Codestreams without a container.
_CODESTREAMS = {
    b"\xff\x0a": "a JPEG XL image",
    b"\0\0\0\x0cJXL \r\n\x87\n": "a JPEG XL image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
}


def _brand_name(data: bytes) -> str:
    """Description of an image in the ISO base media format; empty for video and other files."""
    start = 16 if data[4:8] == b"jP  " or data[4:8] == b"JXL " else 4
    if data[start : start + 4] != b"ftyp":
        return ""
    length = min(int.from_bytes(data[start - 4 : start], "big"), 256)
    box = data[start + 4 : start - 4 + length]
    # The major brand, its version, and the compatible brands.
    brands = [box[:4], *(box[i : i + 4] for i in range(8, len(box), 4))]
    generic = "a HEIF photo" if {b"mif1", b"msf1"} & set(brands) else ""
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), generic)


def describe_content(data: bytes) -> str:
    """Describe the file type with an article, for use after "This is".

    Args:
        data: the file.

    Returns:
        A description such as "a PDF document".
    """
    if name := _brand_name(data):
        return name
    for signature, name in _CODESTREAMS.items():
        if data.startswith(signature):
            return name
    if data.startswith(b"PK\x03\x04"):
        return "a ZIP archive or an Office document"
    try:
        guesses = puremagic.magic_string(data[:1_000_000])
    except (puremagic.PureError, ValueError):
        guesses = []
    for guess in guesses:
        if guess.extension in _NAMES and guess.confidence >= _MIN_CONFIDENCE:
            return _NAMES[guess.extension]
    if _is_text(data):
        return "a text file"
    if guesses and guesses[0].mime_type and guesses[0].confidence >= _MIN_CONFIDENCE:
        return f"a file of the type “{guesses[0].name}”"
    return "a file of an unknown type"


def _is_text(data: bytes) -> bool:
    try:
        # A multi-byte character may be cut at the end of the sample.
        text = data[:4096].decode("utf-8", errors="strict" if len(data) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c.isspace() for c in text)
