"""Number of OpenCV threads, set once at the entry point of a process."""

import cv2


def use_one_opencv_thread() -> None:
    """Make OpenCV run each call in the calling thread.

    Images are decoded in parallel threads (`jobs.parallel`). Further threads inside each call would compete with them.
    """
    cv2.setNumThreads(1)
