"""The signatures of progress callbacks."""

from collections.abc import Callable

#: Called with (stage, done, total): what is being done in words, how many items are finished, and of how many.
ProgressCallback = Callable[[str, int, int], None]

#: Called with (done, total) by work that has one stage only.
CountCallback = Callable[[int, int], None]
