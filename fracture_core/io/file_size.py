"""File sizes as text."""


def format_file_size(size: float) -> str:
    """Format a number of bytes for display, in powers of 1,000.

    Args:
        size: bytes.

    Returns:
        The number with its unit, rounded.

    Example:
        >>> format_file_size(338_000_000)
        '338 MB'
    """
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
