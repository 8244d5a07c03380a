"""Names that are not known, or not the same -> the error that says which was probably meant, or how they differ."""

import difflib
from collections.abc import Iterable, Sequence


def other_classes(what: str, known: Sequence[str], where: str, found: Sequence[str]) -> ValueError:
    """Build (not raise) the error for class names that differ, or are in another order, with a few of each.

    Args:
        what: what knows the names `known`, such as "The classifier".
        known: names in the order of its outputs.
        where: what has the names `found`, such as "the photos".
        found: names in the order of the class numbers there.
    """
    if sorted(known) == sorted(found):
        number = next(i for i, (one, other) in enumerate(zip(known, found, strict=True)) if one != other)
        return ValueError(f"{what} knows the same classes in another order: number {number} is {known[number]!r} for "
                          f"it, and {found[number]!r} in {where}. Use one order for both.")
    missing = [name for name in known if name not in found]
    added = [name for name in found if name not in known]
    return ValueError(f"{what} knows {len(known)} classes, {where} are of {len(found)}. Not in {where}: "
                      f"{_some(missing)}; only in them: {_some(added)}.")


def _some(names: Sequence[str]) -> str:
    """The first three names, quoted."""
    return ", ".join(map(repr, names[:3])) or "none"


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Build (not raise) the error for a name that is not in `known`, with the nearest ones suggested."""
    known = list(known)
    folded = {key.casefold(): key for key in known}
    near = [folded[key] for key in difflib.get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(known[:12])}"
    return ValueError(f"Unknown {kind} {name!r}. {hint}" + f" … ({len(known)} in all)" * (not near and len(known) > 12))


def check_known(kind: str, name: object, known: Iterable[str]) -> None:
    """Refuse what is no text, or not in `known`.

    Raises:
        ValueError: see `unknown_name`.
    """
    if not isinstance(name, str) or name not in known:
        raise unknown_name(kind, name, known)
