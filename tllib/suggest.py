"""Names that are not known, or not the same -> the error that says which was probably meant, or how they differ."""

import difflib
from collections.abc import Iterable, Sequence


def other_classes(what: str, known: Sequence[str], found: Sequence[str]) -> ValueError:
    """Say how the class names of photos differ from those that something knows, with a few of each."""
    only = [", ".join(map(repr, [name for name in one if name not in other][:3])) or "none"
            for one, other in ((known, found), (found, known))]
    return ValueError(f"{what} knows {len(known)} classes, the photos are of {len(found)}. Not in the photos: "
                      f"{only[0]}; only in them: {only[1]}." + " The order differs." * (set(known) == set(found)))


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Build (not raise) the error for a name that is not in `known`, with the nearest ones suggested."""
    known = list(known)
    folded = {key.casefold(): key for key in known}
    near = [folded[key] for key in difflib.get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(known[:12])}"
    return ValueError(f"Unknown {kind} {name!r}. {hint}" + f" … ({len(known)} in all)" * (not near and len(known) > 12))


def check_several(what: str, given: object, single: type = str) -> None:
    """Refuse a lone thing where a list is expected; a lone text would be taken apart into its letters.

    Raises:
        ValueError: `given`, called `what`, is a `single`.
    """
    if isinstance(given, single):
        shown = repr(given) if single is str else single.__name__
        raise ValueError(f"{what} is a list, got a single {shown}. Put it in brackets: [{shown}].")
