"""OpenCV's number of threads, set once at the entry point of a process."""

import cv2


def use_one_opencv_thread() -> None:
    """Stops OpenCV from starting threads of its own.

    Images are decoded in parallel threads (`jobs.parallel`); threads inside each call would only compete.
    """
    cv2.setNumThreads(1)
