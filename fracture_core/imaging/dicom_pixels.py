"""Pixel Data of a DICOM file: how it is really encoded, checked before anything is decoded.

The Transfer Syntax UID of a file may contradict its pixels, and a codestream may announce another size than the
file. `identify_encoding` looks at the bytes.
"""

from dataclasses import dataclass

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.tag import Tag
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)  # fmt: skip

from fracture_core.errors import ImageReadError
from fracture_core.imaging.codestream import (
    Codec,
    Codestream,
    check_scans,
    read_header,
    rle_segments_fit,
    unwrap_jp2,
)
from fracture_core.imaging.dicom_elements import read_number, read_text
from fracture_core.imaging.image_size import check_memory

_PIXEL_DATA = Tag(0x7FE0, 0x0010)
_ITEM = b"\xfe\xff\x00\xe0"
_CODESTREAMS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
_UNDEFINED_LENGTH = 0xFFFFFFFF

#: Most fragments of one frame. Encoders write one, some one for every 64 kB.
_MAX_FRAGMENTS = 20_000

#: Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 section A.4.11).
_ENCAPSULATED_UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")

UNCOMPRESSED = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
}

#: The decoder of each compressed transfer syntax (PS3.5 section A.4). All but Pillow run in a process of their own.
IN_PROCESS = "pillow"
_PLUGINS = {
    RLELossless: "pydicom",
    JPEGBaseline8Bit: IN_PROCESS,
    JPEGExtended12Bit: "gdcm",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
}

#: The transfer syntaxes of each codec; the first is taken where the file names none of them.
_SYNTAXES = {
    Codec.JPEG_LOSSLESS: (JPEGLossless, JPEGLosslessSV1),
    Codec.JPEG_LS: (JPEGLSNearLossless, JPEGLSLossless),
    Codec.JPEG_2000: (JPEG2000, JPEG2000Lossless, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
}

#: Transfer syntaxes that pydicom has no name for (PS3.6 annex A).
_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}


@dataclass(frozen=True)
class Encoding:
    """How the pixels are encoded.

    Attributes:
        plugin: pydicom's name of the decoder; empty for uncompressed pixels.
        warning: a sentence where the file says something else; else empty.
    """

    plugin: str = ""
    warning: str = ""

    @property
    def is_isolated(self) -> bool:
        """Whether the decoder has to run in a process of its own."""
        return self.plugin not in ("", IN_PROCESS)


def identify_encoding(dataset: FileDataset) -> Encoding:
    """Find out how the pixels are encoded, and make the data set say so.

    Args:
        dataset: with Pixel Data, Rows and Columns. Pixel Data and Transfer Syntax UID are replaced where the bytes
            contradict them.

    Returns:
        The decoder to use.

    Raises:
        ImageReadError: no decoder here reads the encoding, or decoding would take too much memory.
        ValueError: the pixel data is damaged, or of another size than the file says.
    """
    declared = _transfer_syntax(dataset)
    data, encapsulated = _raw_pixels(dataset)
    needed = _uncompressed_length(dataset)
    # A wrong VR would make pydicom refuse what it does not need.
    for keyword in ("NumberOfFrames", "PlanarConfiguration"):
        if keyword in dataset and read_number(dataset, keyword) is None:
            del dataset[keyword]
    # Stored bytes, their copy as an array, and grey values as they are computed.
    sample_bytes = needed / max(1, _pixels(dataset))
    colour = (read_number(dataset, "SamplesPerPixel") or 1) > 1 or read_text(
        dataset, "PhotometricInterpretation"
    ) == "PALETTE COLOR"
    check_memory(
        read_number(dataset, "Columns") or 0,
        read_number(dataset, "Rows") or 0,
        2 * sample_bytes + (12 if colour else 15),
    )
    if not encapsulated:
        if declared in UNCOMPRESSED and (len(data) >= needed or not data.startswith(_CODESTREAMS)):
            return Encoding()
        if len(data) >= needed:
            _replace(dataset, ExplicitVRLittleEndian, data)
            return Encoding(warning=_contradiction(declared, "uncompressed"))
        frame = data
    else:
        if data.count(_ITEM) > _MAX_FRAGMENTS:
            raise ValueError("far more fragments than one frame has")
        frame = get_frame(data, 0, number_of_frames=1)
    return _identify_frame(dataset, declared, frame, needed)


def _identify_frame(dataset: FileDataset, declared: UID, frame: bytes, needed: int) -> Encoding:
    stream = unwrap_jp2(frame)
    header = read_header(stream)
    samples = int(read_number(dataset, "SamplesPerPixel") or 1)
    if header is not None:
        actual = _syntax_of(header, declared)
        _check_header(dataset, header, samples)
    elif rle_segments_fit(frame, _pixels(dataset), needed // max(1, _pixels(dataset))):
        actual = RLELossless
    elif declared in (*UNCOMPRESSED, _ENCAPSULATED_UNCOMPRESSED) and len(frame) >= needed:
        _replace(dataset, ExplicitVRLittleEndian, frame)
        return Encoding()
    elif declared in _PLUGINS or declared in UNCOMPRESSED:
        raise ValueError("encapsulated pixel data of no known kind")
    else:
        raise _no_decoder(declared)
    plugin = _PLUGINS[actual]
    if plugin not in _available(actual) and actual != JPEGExtended12Bit:
        raise _no_decoder(actual)
    if plugin == IN_PROCESS:
        check_scans(stream, _pixels(dataset), samples)
    same = actual == declared or {actual, declared} <= {JPEGBaseline8Bit, JPEGExtended12Bit}
    _replace(dataset, actual, encapsulate([stream]), encapsulated=True)
    return Encoding(plugin, "" if same else _contradiction(declared, actual.name))


def _check_header(dataset: FileDataset, header: Codestream, samples: int) -> None:
    """Compare what the codestream announces with the data set.

    Raises:
        ValueError: they differ.
    """
    size = (read_number(dataset, "Rows"), read_number(dataset, "Columns"))
    if (header.rows, header.columns) != size:
        raise ValueError(f"code stream of {(header.rows, header.columns)}, data set of {size}")
    if header.samples != samples:
        raise ValueError(f"code stream of {header.samples} samples, data set of {samples}")
    if header.bits > 32:
        raise ValueError(f"code stream of {header.bits} bits")


def _syntax_of(header: Codestream, declared: UID) -> UID:
    if header.codec is Codec.JPEG:
        return JPEGBaseline8Bit if header.bits == 8 else JPEGExtended12Bit
    if header.codec in _SYNTAXES:
        known = _SYNTAXES[header.codec]
        return declared if declared in known else known[0]
    named = declared not in UNCOMPRESSED and declared not in _PLUGINS
    raise _no_decoder(declared) if named else _no_decoder_for(f"as {header.codec}")


def _raw_pixels(dataset: FileDataset) -> tuple[bytes, bool]:
    """The bytes of Pixel Data, whatever its VR says, and whether they are encapsulated."""
    raw = dataset.get_item(_PIXEL_DATA)
    data = raw.value
    if not isinstance(data, bytes):
        raise ValueError("pixel data that is no bytes")
    undefined = (
        raw.length == _UNDEFINED_LENGTH if isinstance(raw, RawDataElement) else raw.is_undefined_length
    )
    encapsulated = undefined or (data.startswith(_ITEM) and len(data) != _uncompressed_length(dataset))
    if isinstance(raw, RawDataElement):  # a wrong VR would make pydicom convert the bytes to numbers
        # OB and OW are kept: big endian swaps the bytes of 8-bit pixels in OW alone (PS3.5 section 8.1.2).
        _set_pixels(dataset, data, encapsulated, "OB" if raw.VR == "OB" else "OW")
    return data, encapsulated


def _set_pixels(dataset: FileDataset, data: bytes, encapsulated: bool, vr: str = "OW") -> None:
    element = DataElement(_PIXEL_DATA, "OB" if encapsulated else vr, data)
    element.is_undefined_length = encapsulated
    dataset[_PIXEL_DATA] = element


def _replace(dataset: FileDataset, syntax: UID, data: bytes, encapsulated: bool = False) -> None:
    dataset.file_meta.TransferSyntaxUID = syntax
    _set_pixels(dataset, data, encapsulated)


def _pixels(dataset: FileDataset) -> int:
    return int((read_number(dataset, "Rows") or 0) * (read_number(dataset, "Columns") or 0))


def _uncompressed_length(dataset: FileDataset) -> int:
    """Bytes of one frame of native pixel data."""
    bits = int(read_number(dataset, "BitsAllocated") or 8) * int(read_number(dataset, "SamplesPerPixel") or 1)
    return (_pixels(dataset) * bits + 7) // 8


def _transfer_syntax(dataset: FileDataset) -> UID:
    """The Transfer Syntax UID, set from how the file parsed where it does not say."""
    syntax = read_text(dataset.file_meta, "TransferSyntaxUID")
    if not syntax:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        syntax = ImplicitVRLittleEndian if implicit else explicit
        dataset.file_meta.TransferSyntaxUID = syntax
    return UID(str(syntax), validation_mode=0)


def _available(syntax: UID) -> tuple[str, ...]:
    try:
        return get_decoder(syntax).available_plugins
    except NotImplementedError:
        return ()


def _name(syntax: UID) -> str:
    """The name of a transfer syntax; empty where it is not known."""
    known = _NAMES.get(str(syntax), syntax.name)
    return "" if known == str(syntax) else known


def _contradiction(declared: UID, actual: str) -> str:
    name = _name(declared) or "compressed in an unknown way"
    return (
        f"The DICOM header says that the pixels are {name}, but they are {actual}; they were read as {actual}, so "
        "compare the image with the original."
    )


def _no_decoder(syntax: UID) -> ImageReadError:
    name = _name(syntax)
    return _no_decoder_for(f"as {name}" if name else "in an unknown way")


def _no_decoder_for(how: str) -> ImageReadError:
    return ImageReadError(
        f"The DICOM file is compressed {how}, which cannot be decoded here; expected "
        "uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000: export it uncompressed."
    )
