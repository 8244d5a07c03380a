"""What a network says about a picture -> bars; steps and arrows between them -> a map."""

from collections.abc import Mapping, Sequence

from tllib.checking import check_kind, check_several
from tllib.images import grey_levels
from tllib.show.plots import Figure
from tllib.show.words import listed

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

STYLES = (("tab:blue", "-"), ("tab:orange", "--"), ("tab:purple", ":"), ("tab:brown", "-."))


def guesses(picture: np.ndarray, answers: Sequence[tuple[str, float]]) -> Figure:
    """Show a picture, and beside it a bar for each answer, the first on top.

    Args:
        picture: `(h, w, 3)`, 0 to 255, or a PIL image.
        answers: (name, probability in 0 to 1), as `backbones.top_k` gives them for one picture.

    Raises:
        ValueError: as in `images`, or more than one picture.
    """
    pictures = grey_levels(picture, name="picture")
    check_several("answers", answers)
    if len(pictures) != 1:
        raise ValueError(f"picture: expected one, got {len(pictures)}. Show them one after the other.")
    picture = pictures[0]
    alt = listed("A picture, and bars of what it is said to be", [f"{name}, {p:.0%}" for name, p in answers])
    figure = Figure(figsize=(7.2, 2.6), layout="constrained", dpi=80, alt=alt)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    left.imshow(picture)
    left.set_title(f"{picture.shape[0]} × {picture.shape[1]} pixels", fontsize=9)
    left.set_axis_off()
    right.barh([name for name, _ in answers], [p for _, p in answers], color="tab:blue", height=0.6)
    for row, (_, p) in enumerate(answers):
        right.text(p + 0.02, row, f"{p:.0%}", va="center", fontsize=9)
    right.invert_yaxis()
    right.set(xlim=(0, 1.12), xticks=[0, 0.5, 1], xlabel="probability")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def flow(places: Mapping[str, tuple[float, float]], arrows: Sequence[tuple[str, str]],
         groups: Mapping[str, Sequence[str]] | None = None) -> Figure:
    """Draw a map: a box for each step, an arrow wherever one leads to another.

    Args:
        places: text of a step, lines parted by a line break -> (column, row), counted from the left and from the top.
        arrows: (text of the step it begins at, text of the step it leads to); bent over the steps between,
            and back.
        groups: name of a group -> its steps; each group (four at most) has a line of its own and stands in the legend.
    """
    check_kind("places", places, Mapping, "Give a dict, text of a step -> (column, row).")
    groups = groups or {}
    columns, rows = (max(place[axis] for place in places.values()) + 1 for axis in (0, 1))
    figure = Figure(figsize=(2 * columns, 0.95 * rows + 0.3 * bool(groups)), layout="constrained", dpi=80,
                    alt=listed(f"A map of {len(places)} steps", [f"{one} leads to {other}" for one, other in arrows]))
    axes = figure.add_subplot()
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.set_axis_off()
    styles = dict(zip(groups, STYLES, strict=False))
    style_of = {step: styles[name] for name, steps in groups.items() for step in steps}
    for step, (column, row) in places.items():
        colour, line = style_of.get(step, ("dimgray", "-"))
        axes.add_patch(FancyBboxPatch((column - 0.38, row - 0.3), 0.76, 0.6, mutation_aspect=2,
                                      boxstyle="round,pad=0,rounding_size=0.06", facecolor="white", linewidth=2,
                                      edgecolor=colour, linestyle=line))
        axes.text(column, row, step, ha="center", va="center", fontsize=9)
    for one, other in arrows:
        start, end, bend = _ends(*places[one], *places[other])
        axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color="dimgray", shrinkA=2,
                                       shrinkB=2, connectionstyle=f"arc3,rad={bend}"))
    for name, (colour, line) in styles.items():
        axes.plot([], [], color=colour, linestyle=line, linewidth=2, label=name)
    if groups:
        figure.legend(loc="outside lower center", ncols=len(groups), fontsize=9, frameon=False)
    return figure


def _ends(x: float, y: float, to_x: float, to_y: float) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Where an arrow begins and ends, at the edges of two boxes, and how much it is bent."""
    if x == to_x:
        half = 0.3 if to_y > y else -0.3
        return (x, y + half), (to_x, to_y - half), 0
    if to_x > x and (y != to_y or to_x - x <= 1):
        return (x + 0.38, y), (to_x - 0.38, to_y), 0
    return (x, y - 0.3), (to_x, to_y - 0.3), -0.25 if to_x > x else 0.25
