"""A name nobody knows -> the error that says which known name was probably meant."""

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Build (not raise) the error for a name that is not in `known`, with the nearest ones suggested."""
    known = list(known)
    folded = {key.casefold(): key for key in known}
    near = [folded[key] for key in difflib.get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(known[:12])}"
    if not near and len(known) > 12:
        hint += f" … ({len(known)} in all)"
    return ValueError(f"Unknown {kind} {name!r}. {hint}")
