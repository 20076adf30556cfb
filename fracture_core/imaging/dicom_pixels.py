"""Detection of the actual encoding of DICOM pixel data, before anything is decoded.

The Transfer Syntax UID of a file may contradict its pixel data, and a codestream may have another size than stated in
the file. `identify_encoding` inspects the bytes.
"""

from dataclasses import dataclass

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
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

# Largest accepted number of fragments of one frame. Encoders write one, or one per 64 kB.
_MAX_FRAGMENTS = 20_000

# Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 section A.4.11).
_ENCAPSULATED_UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")

UNCOMPRESSED = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
}

#: The decoder that runs in this process; all others run in a separate process.
IN_PROCESS = "pillow"

# The decoder of each compressed transfer syntax (PS3.5 section A.4), by the name of the pydicom plugin.
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

# The transfer syntaxes of each codec. The first is the default if the file states none of them.
_SYNTAXES = {
    Codec.JPEG_LOSSLESS: (JPEGLossless, JPEGLosslessSV1),
    Codec.JPEG_LS: (JPEGLSNearLossless, JPEGLSLossless),
    Codec.JPEG_2000: (JPEG2000, JPEG2000Lossless, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
}

# Transfer syntaxes without a name in pydicom (PS3.6 annex A).
_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}


@dataclass(frozen=True)
class Encoding:
    """Encoding of the pixel data.

    Attributes:
        plugin: name of the pydicom decoder plugin; empty for uncompressed pixels.
        warning: a sentence if the file states another encoding; otherwise empty.
    """

    plugin: str = ""
    warning: str = ""

    @property
    def is_isolated(self) -> bool:
        """Whether the decoder must run in a separate process."""
        return self.plugin not in ("", IN_PROCESS)


def identify_encoding(dataset: FileDataset) -> Encoding:
    """Detect the encoding of the pixel data, and correct the dataset accordingly.

    Args:
        dataset: has Pixel Data, Rows and Columns. Pixel Data and Transfer Syntax UID are replaced if the bytes
            contradict them.

    Returns:
        The decoder to use.

    Raises:
        ImageReadError: the encoding is not supported, or decoding would need too much memory.
        ValueError: the pixel data is damaged, or its size differs from the size stated in the file.
    """
    declared = _transfer_syntax(dataset)
    data, encapsulated = _raw_pixels(dataset)
    needed = _uncompressed_length(dataset)
    # pydicom fails on a wrong value representation of these elements, although it does not need them.
    for keyword in ("NumberOfFrames", "PlanarConfiguration"):
        if keyword in dataset and read_number(dataset, keyword) is None:
            del dataset[keyword]
    # Stored bytes, their copy as an array, and intermediate grey values.
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
        raise ValueError("encapsulated pixel data of unknown type")
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
    """Compare the header of a codestream with the dataset.

    Raises:
        ValueError: they differ.
    """
    size = (read_number(dataset, "Rows"), read_number(dataset, "Columns"))
    if (header.rows, header.columns) != size:
        raise ValueError(f"code stream of {(header.rows, header.columns)}, dataset of {size}")
    if header.samples != samples:
        raise ValueError(f"code stream of {header.samples} samples, dataset of {samples}")
    if header.bits > 32:
        raise ValueError(f"code stream of {header.bits} bits")


def _syntax_of(header: Codestream, declared: UID) -> UID:
    if header.codec is Codec.JPEG:
        return JPEGBaseline8Bit if header.bits == 8 else JPEGExtended12Bit
    if header.codec in _SYNTAXES:
        known = _SYNTAXES[header.codec]
        return declared if declared in known else known[0]
    is_other_syntax = declared not in UNCOMPRESSED and declared not in _PLUGINS
    raise _no_decoder(declared) if is_other_syntax else _no_decoder_for(f"as {header.codec}")


def _raw_pixels(dataset: FileDataset) -> tuple[bytes, bool]:
    """The bytes of Pixel Data, regardless of its value representation, and whether they are encapsulated."""
    raw = dataset.get_item(_PIXEL_DATA)
    data = raw.value
    if not isinstance(data, bytes):
        raise ValueError("pixel data that is not bytes")
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
    """Number of bytes of one frame of uncompressed pixel data."""
    bits = int(read_number(dataset, "BitsAllocated") or 8) * int(read_number(dataset, "SamplesPerPixel") or 1)
    return (_pixels(dataset) * bits + 7) // 8


def _transfer_syntax(dataset: FileDataset) -> UID:
    """The Transfer Syntax UID, set from the detected byte order if the file does not state it."""
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
    """The name of a transfer syntax; empty if it is unknown."""
    known = _NAMES.get(str(syntax), syntax.name)
    return "" if known == str(syntax) else known


def _contradiction(declared: UID, actual: str) -> str:
    name = _name(declared) or "compressed in an unknown way"
    return (
        f"The DICOM header states that the pixels are {name}, but they are {actual}. They were read as {actual}: "
        "compare the image with the original."
    )


def _no_decoder(syntax: UID) -> ImageReadError:
    name = _name(syntax)
    return _no_decoder_for(f"as {name}" if name else "in an unknown way")


def _no_decoder_for(how: str) -> ImageReadError:
    return ImageReadError(
        f"The DICOM file is compressed {how}, which cannot be decoded here. Export it uncompressed, or as RLE, JPEG, "
        "JPEG-LS or JPEG 2000."
    )
