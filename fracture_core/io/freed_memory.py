"""Lets the system have the memory of large arrays back as soon as they are freed."""

import ctypes
import platform

# Parameter of mallopt(3) for the smallest allocation that gets its own mapping.
_M_MMAP_THRESHOLD = -3
_BYTES = 1 << 20


def return_freed_arrays() -> None:
    """Give every allocation of 1 MB and more its own mapping, which is returned when it is freed.

    By default glibc raises this limit up to 32 MB while a program runs, so that the arrays of radiographs are taken
    from the heap and the process keeps their memory. Call it once in a long-running process. Without glibc it does
    nothing.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BYTES)
