"""pydicom without its checks of values, which warn of odd ones and quote them: names and dates of patients."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.config import disable_value_validation

# The checks are one switch for the whole process, and what is put back is what was found: two at once would leave them
# on inside, or off for good.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def without_value_checks() -> Iterator[None]:
    """Values pass as they are; one thread at a time, and not one within another."""
    with _ONE_AT_A_TIME, disable_value_validation():
        yield
