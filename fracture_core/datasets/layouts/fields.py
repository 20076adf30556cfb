"""Values of table cells as different programs write them."""


def parse_number(text: str) -> float:
    """Parse a number with a decimal point or a decimal comma.

    Raises:
        ValueError: it is no number.
    """
    text = text.strip()
    return float(text if "." in text else text.replace(",", "."))


def parse_flag(text: str) -> bool:
    """Parse a yes/no value: 1, 1.0, true or yes; 0, 0.0, false or no; in any case.

    Raises:
        ValueError: it is none of these.
    """
    word = text.strip().casefold()
    if word in ("true", "yes"):
        return True
    if word in ("false", "no"):
        return False
    number = parse_number(word)
    if number not in (0, 1):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return bool(number)
