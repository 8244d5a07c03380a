"""Scores and curves of several methods or runs, what networks say about a plane -> matplotlib Figures, side by side."""

from collections.abc import Mapping, Sequence

from tllib.checking import check_kind
from tllib.show.plots import Figure
from tllib.show.words import counted, ends, listed

import keras
import numpy as np

LOOKS = (("tab:blue", ""), ("tab:orange", "//"), ("lightgrey", ".."), ("white", "xx"))
STYLES = (("tab:blue", "-"), ("tab:orange", "--"), ("black", "-."), ("tab:purple", ":"), ("tab:cyan", (0, (6, 1))),
          ("tab:gray", (0, (3, 1, 1, 1, 1, 1))))


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
    check_kind("scores", scores, Mapping, "Give a dict, method -> task -> score.")
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


def lines(panels: Mapping[str, Mapping[str, Sequence[float]]], *, x: Sequence[float], xlabel: str,
          log: str = "") -> Figure:
    """Plot runs side by side; a run has the same colour and line style in each panel.

    Args:
        panels: title of the panel -> name of the run -> values. What is not finite is not drawn, nor is 0 on a
            logarithmic axis.
        x: where the values lie, the same for all; a run with fewer values ends early.
        xlabel: what x is.
        log: logarithmic axes: "x", "y", "xy" or "" for neither.
    """
    check_kind("panels", panels, Mapping, "Give a dict, title -> name of the run -> values.")
    names = list(dict.fromkeys(name for runs in panels.values() for name in runs))
    alt = listed(f"{counted(len(panels), 'line chart')} against {xlabel}",
                 [f"{title}, " + ", ".join(f"{name} {ends(values)}" for name, values in runs.items())
                  for title, runs in panels.items()])
    figure = Figure(figsize=(3.3 * len(panels) + 1.7, 2.7), layout="constrained", dpi=80, alt=alt)
    drawn = {}
    for number, (title, runs) in enumerate(panels.items()):
        axes = figure.add_subplot(1, len(panels), number + 1, title=title, xlabel=xlabel)
        for name, values in runs.items():
            colour, style = STYLES[names.index(name) % len(STYLES)]
            drawn[name], = axes.plot(x[:len(values)], values, color=colour, linestyle=style, linewidth=1.8,
                                     marker="o" if len(x) <= 20 else "", markersize=3)
        if isinstance(x, range) and not log:
            axes.xaxis.get_major_locator().set_params(integer=True)
        for axis in log:
            getattr(axes, f"set_{axis}scale")("log")
        axes.grid(alpha=0.3)
    if len(names) > 1:
        figure.legend([drawn[name] for name in names], names, loc="outside right upper", fontsize=9, handlelength=3)
    return figure


def curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Plot what `fine_tune` or Keras's `fit` noted: loss and accuracy, on the photos it learned from and on others."""
    check_kind("history", history, Mapping, "fine_tune returns one beside the classifier.")
    panels = {name: {words: history[prefix + name] for prefix, words in (("", "training"), ("val_", "validation"))
                     if prefix + name in history} for name in ("loss", "accuracy")}
    return lines(panels, x=range(1, len(history["loss"]) + 1), xlabel="epoch")


def regions(models: Mapping[str, keras.Model], points: np.ndarray, labels: np.ndarray) -> Figure:
    """Show points `(n, 2)` of two classes, over what each network says about every place: darker for class 1."""
    check_kind("models", models, Mapping, "Give a dict, title -> network.")
    low, high = points.min(axis=0) - 0.1, points.max(axis=0) + 0.1
    columns, rows = np.meshgrid(*np.linspace(low, high, 120).T)
    alt = listed(f"{len(points)} points of two classes, over what {counted(len(models), 'network')} would answer at "
                 "each place", list(models))
    figure = Figure(figsize=(2.9 * len(models), 3), layout="constrained", dpi=80, alt=alt)
    for number, (title, model) in enumerate(models.items()):
        axes = figure.add_subplot(1, len(models), number + 1, title=title, xticks=[], yticks=[])
        logits = np.asarray(model.predict_on_batch(np.stack([columns, rows], axis=-1).reshape(-1, 2))).reshape(120, 120)
        axes.contourf(columns, rows, np.clip(logits, -4, 4), levels=np.linspace(-4, 4, 9), cmap="Greys", alpha=0.6)
        for label, colour, marker in ((0, "tab:orange", "o"), (1, "tab:blue", "^")):
            axes.scatter(*points[labels == label].T, s=9, color=colour, marker=marker)
    return figure
