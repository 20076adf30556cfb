"""Returns freed memory to the system, which glibc otherwise keeps for the process."""

import ctypes
import gc
import platform

# Parameters of mallopt(3): the smallest allocation that gets its own mapping, and the number of heaps.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_BYTES = 1 << 20
_ARENAS = 2


def limit_kept_memory() -> None:
    """Limit the freed memory that a long-running process keeps. Call it once, before threads are started.

    Every allocation of 1 MB and more gets its own mapping, which is returned when it is freed. By default glibc raises
    this limit up to 32 MB while a program runs, so that the arrays of radiographs are taken from the heap. All threads
    share two heaps; by default each new thread may get its own, and Streamlit runs every script in a new thread.
    Without glibc this does nothing.
    """
    if libc := _glibc():
        libc.mallopt(_M_MMAP_THRESHOLD, _BYTES)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def return_free_memory() -> None:
    """Collect objects that refer to each other, and return the free pages of the heaps; takes a tenth of a second."""
    gc.collect()
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
