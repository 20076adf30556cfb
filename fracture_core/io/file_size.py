"""Sizes of files in words."""


def format_file_size(size: float) -> str:
    """Bytes as a person reads them, in powers of 1,000: 338 MB."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
