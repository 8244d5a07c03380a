"""Scores of several methods on several tasks -> a matplotlib Figure that puts them side by side."""

from collections.abc import Mapping

from tllib.show.plots import Figure
from tllib.show.words import counted, listed

LOOKS = (("tab:blue", ""), ("tab:orange", "//"), ("lightgrey", ".."), ("white", "xx"))


def bars(scores: Mapping[str, Mapping[str, float]], *, line: Mapping[str, float] | None = None,
         line_name: str = "guessing") -> Figure:
    """Draw a group of bars for each task, a bar for each method, 0 to 1.

    Args:
        scores: method -> task -> score; four methods at most. The tasks are those of the first method.
        line: task -> a level to compare with, drawn as a dashed line across the group. Defaults to no lines.
        line_name: what that level is.

    Raises:
        ValueError: no method, or more than four.
    """
    if not 0 < len(scores) <= len(LOOKS):
        raise ValueError(f"bars compares 1 to {len(LOOKS)} methods, got {len(scores)}.")
    tasks = list(next(iter(scores.values())))
    alt = listed(f"Bars of {counted(len(tasks), 'task')}",
                 [f"{task}, " + ", ".join(f"{method} {values[task]:.2f}" for method, values in scores.items()) +
                  (f", {line_name} {line[task]:.2f}" if line else "") for task in tasks])
    inches = max(1.5 * len(tasks) + 0.6, 1.8 * len(scores) + 1.2)  # enough for the legend
    figure = Figure(figsize=(inches, 3), layout="constrained", dpi=80, alt=alt)
    axes = figure.add_subplot(ylim=(0, 1.12))
    width = 0.8 / len(scores)
    for number, ((method, values), (colour, hatch)) in enumerate(zip(scores.items(), LOOKS, strict=False)):
        places = [place + (number - (len(scores) - 1) / 2) * width for place in range(len(tasks))]
        drawn = axes.bar(places, [values[task] for task in tasks], width, color=colour, hatch=hatch, edgecolor="black",
                         linewidth=0.6, label=method)
        axes.bar_label(drawn, fmt="%.2f", fontsize=7, padding=1.5, zorder=4,
                       bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4})
    for place, task in enumerate(tasks if line else ()):
        axes.plot([place - 0.46, place + 0.46], [line[task]] * 2, color="black", linestyle="--",
                  label=line_name if place == 0 else None)
    axes.set_xticks(range(len(tasks)), tasks)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(scores) + 1, fontsize=8)
    return figure
