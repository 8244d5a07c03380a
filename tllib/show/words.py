"""What a figure shows -> a line of words for readers who can't see it."""

from collections.abc import Sequence


def counted(count: int, thing: str) -> str:
    """Say how many: "1 photo", "2 photos"."""
    return f"{count} {thing}{'s' * (count != 1)}"


def listed(what: str, items: Sequence[str]) -> str:
    """Say what and which: "2 photos: cat; dog."."""
    return (what + (": " + "; ".join(" ".join(item.split()) for item in items) if len(items) else "")) + "."


def ends(values: Sequence[float]) -> str:
    """Say where a row of values begins and ends: "320 to 0.12"."""
    return " to ".join(f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"
                       for value in (values[0], values[-1])) if len(values) else "nothing"
