"""What is known of zip archives from strangers, whatever they hold."""

import lzma
import struct
import zipfile
import zlib

#: The two ways to pack that everything writes; the others of zipfile raise errors of their own on damaged data.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: Set in the flags of a member that needs a password.
ENCRYPTED = 0x1

#: What zipfile raises on damaged or crafted archives: false offsets end in an error of `seek`, of several kinds.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError,
    LookupError, NotImplementedError,
)  # fmt: skip
