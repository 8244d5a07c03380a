"""Images, histories and reports -> matplotlib Figures, ready to be the last line of a cell."""

import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import ClassVar

from tllib.checking import check_count, check_kind, check_list, check_number, check_several
from tllib.datasets import PhotoSet
from tllib.images import grey_levels
from tllib.show.words import counted, ends, listed
from tllib.transfer import RateSearch, Report
from tllib.transfer.evaluate import check_paths

import matplotlib.figure
import numpy as np
from matplotlib import colormaps, font_manager
from matplotlib.text import Text
from PIL import Image

# matplotlib's own, then those that have the letters of other scripts, where they are installed.
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic",
         "WenQuanYi Micro Hei", "Arial Unicode MS", "Noto Sans Devanagari", "Nirmala UI", "Noto Sans Thai")
CHARACTERS = 14  # of a title above a picture, that fit into an inch


class Figure(matplotlib.figure.Figure):
    """A matplotlib Figure that any notebook shows, without pyplot and without a magic command.

    Its background is white and opaque, so that it can be read on a dark page too.

    Args:
        alt: what there is to see, in a line, for readers who can't see it; kept with the picture in the notebook, as
            the metadata "alt".
        settings: matplotlib's own.
    """

    form: ClassVar = {"format": "png"}

    def __init__(self, *, alt: str = "", **settings):
        super().__init__(**{"facecolor": "white", **settings})
        self.alt = alt

    def savefig(self, file, **options) -> None:
        """Save it, with text as it is: a dollar sign begins no mathematics, and no letter without a font warns."""
        installed = [name for name in FONTS if name in font_manager.get_font_names()]
        for text in self.findobj(Text):
            text.set_family(installed)
            if "mathdefault" not in text.get_text() and "$" in text.get_text():  # matplotlib's own 10^-3 stays
                text.set_parse_math(False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")
            super().savefig(file, **options)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """Give its PNG or JPEG file, and the metadata that notebooks keep with it."""
        self.savefig(file := io.BytesIO(), **self.form)
        return file.getvalue(), {"alt": self.alt}

    _repr_png_ = encoded


class PictureFigure(Figure):
    """A Figure of photos or drawings: shown as JPEG, a quarter as large as PNG, so that a stored lesson stays small."""

    form: ClassVar = {"format": "jpeg", "pil_kwargs": {"quality": 90}}
    _repr_png_, _repr_jpeg_ = None, Figure.encoded


def images(pictures: Sequence[np.ndarray] | np.ndarray | Image.Image, titles: Sequence[str] = (), *, columns: int = 4,
           inches: float = 2.4, alt: str = "") -> Figure:
    """Show pictures, each `inches` wide, in rows of `columns`.

    Args:
        pictures: a list of pictures `(h, w, 3)`, 0 to 255, or PIL images, of any sizes; or one, or a batch. Values
            beyond 0 and 255, as of a change made visible, are cut off.
        titles: what to write above each; a long one is broken into lines.
        columns: pictures in a row, at most.
        inches: width of a picture.
        alt: what there is to see, for readers who can't see it. Defaults to how many there are, and the titles.

    Raises:
        ValueError: what is no RGB picture from 0 to 255, such as one that was scaled to 0-1; titles that are no
            list of texts; `columns` below 1 or `inches` below 0.1.
    """
    check_list("titles", titles)
    check_count("columns", columns)
    check_number("inches", inches, least=0.1)
    pictures = grey_levels(pictures, name="picture")
    if not pictures:
        return _note("nothing to show")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    titles_in_lines = [_in_lines(title, round(CHARACTERS * inches)) for title in titles]
    lines = max((title.count("\n") + 1 for title in titles_in_lines), default=0)
    size = (inches * columns, (inches + 0.15 * bool(titles) + 0.15 * lines) * rows)
    alt = alt or listed(counted(len(pictures), "picture"), titles)
    figure = PictureFigure(figsize=size, layout="constrained", dpi=80, alt=alt)
    for number, picture in enumerate(pictures):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.imshow(picture)
        axes.set_axis_off()
        if number < len(titles):
            axes.set_title(titles_in_lines[number], fontsize=9)
    return figure


def _in_lines(title: str, width: int) -> str:
    """A title, broken between words where a line would have more than `width` characters."""
    lines = [textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in title.split("\n")]
    return "\n".join(lines)


def photos(photo_set: PhotoSet, *, n: int = 8, seed: int = 0) -> Figure:
    """Show n photos of a set, its classes as evenly as they come, each under its label."""
    check_kind("photo_set", photo_set, PhotoSet, "datasets.load(name) gives one.")
    check_count("n", n)
    check_count("seed", seed, least=0)
    order = np.random.default_rng(seed).permutation(len(photo_set))
    turn = np.zeros(len(photo_set), int)  # 0 for the first photo drawn of a class, 1 for its second, …
    for label in range(len(photo_set.class_names)):
        rows = order[photo_set.labels[order] == label]
        turn[rows] = np.arange(len(rows))
    rows = sorted(sorted(order, key=lambda row: turn[row])[:n])
    names = [photo_set.class_names[photo_set.labels[row]] for row in rows]
    return images([photo_set.read(row, size=160) for row in rows], names,
                  alt=listed(counted(len(rows), "photo"), names))


def history(terms: Mapping[str, np.ndarray]) -> Figure:
    """Plot each named term of an `ImageResult.history` against the steps, one panel a term."""
    check_kind("terms", terms, Mapping, "Give the history of an ImageResult.")
    names = [name for name in terms if name != "step"]
    alt = listed(counted(len(names), "line chart") + f" over {terms['step'][-1]:.0f} steps",
                 [f"{name.replace('_', ' ')}, {ends(terms[name])}" for name in names])
    figure = Figure(figsize=(3 * len(names), 2.2), layout="constrained", dpi=80, alt=alt)
    for number, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), number + 1, xlabel="step")
        axes.plot(terms["step"], terms[name], color="tab:blue")
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.grid(alpha=0.3)
        if name == "probability":
            axes.set_ylim(-0.02, 1.02)
    return figure


def learning_rates(search: RateSearch) -> Figure:
    """Plot loss against learning rate, with the suggested rate marked."""
    check_kind("search", search, RateSearch, "transfer.find_learning_rate gives one.")
    alt = (f"Line chart of the loss against the learning rate, {ends(search.rates)}, on logarithmic axes; "
           f"suggested: {search.suggestion:.0e}.")
    figure = Figure(figsize=(4.8, 2.6), layout="constrained", dpi=80, alt=alt)
    axes = figure.add_subplot(xlabel="learning rate", ylabel="loss")
    axes.loglog(search.rates, search.losses, color="tab:blue")
    axes.axvline(search.suggestion, color="tab:orange", linestyle="--", label=f"suggested: {search.suggestion:.0e}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def feature_maps(activations: Mapping[str, np.ndarray], *, channels: int = 6) -> Figure:
    """Show what layers answer to an image: a row a layer, its most varied channels, dark for little, bright for much.

    Args:
        activations: layer name -> `(height, width, channels)`, from `transfer.activations`.
        channels: how many of each.
    """
    check_kind("activations", activations, Mapping, "transfer.activations gives one.")
    check_count("channels", channels)
    alt = listed(f"Maps of what {counted(len(activations), 'layer')} of a network answer to an image, "
                 f"up to {counted(channels, 'channel')} each",
                 [f"{name}, {maps.shape[0]} × {maps.shape[1]}" for name, maps in activations.items()])
    figure = Figure(figsize=(1.45 * channels + 0.4, 1.6 * len(activations)), layout="constrained", dpi=80, alt=alt)
    for row, (name, maps) in enumerate(activations.items()):
        varied = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:channels]
        for column, channel in enumerate(varied):
            axes = figure.add_subplot(len(activations), channels, row * channels + column + 1, xticks=[], yticks=[])
            axes.imshow(maps[..., channel], cmap="magma")
            axes.set_title("" if column else f"{name}, {maps.shape[0]} × {maps.shape[1]}", fontsize=8, loc="left")
    return figure


def heat_maps(pictures: Sequence[np.ndarray] | np.ndarray, maps: Sequence[np.ndarray],
              titles: Sequence[str] = ()) -> Figure:
    """Lay maps over grey copies of pictures: yellow where a map is high.

    Args:
        pictures: as in `images`.
        maps: `(h, w)` for each picture, of its height and width, 0 to 1, as `transfer.grad_cam` gives them.
        titles: what to write above each.

    Raises:
        ValueError: not a map for each picture, one of another size, or values outside 0-1; or as in `images`.
    """
    pictures = grey_levels(pictures, name="picture")
    check_several("maps", maps)
    check_list("titles", titles)
    if len(pictures) != len(maps):
        raise ValueError(f"{counted(len(pictures), 'picture')} and {counted(len(maps), 'map')}: give one map per "
                         "picture.")
    laid = []
    for number, (picture, heat) in enumerate(zip(pictures, maps, strict=True)):
        heat = _checked_map(heat, picture, number)[..., None]
        grey = 0.85 * picture.mean(axis=-1, keepdims=True)
        colour = 255 * colormaps["inferno"](heat[..., 0])[..., :3]
        laid.append(np.rint(grey + 0.8 * heat * (colour - grey)).astype("uint8"))
    return images(laid, titles, alt=listed(counted(len(laid), "picture") + " under a heat map", titles))


def _checked_map(heat: np.ndarray, picture: np.ndarray, number: int) -> np.ndarray:
    heat = np.asarray(heat)
    if heat.shape != picture.shape[:2]:
        raise ValueError(f"map {number}: expected (height, width) of its picture, {picture.shape[:2]}, got "
                         f"{heat.shape}. A map of Grad-CAM is as large as the network's input: cut the picture with "
                         "images.crop_resize.")
    if not np.isfinite(heat).all():
        raise ValueError(f"map {number}: expected 0 to 1, got a NaN or infinite value among them.")
    low, high = heat.min(), heat.max()
    if low < 0 or high > 1:
        raise ValueError(f"map {number}: expected 0 to 1, got {low:.4g} to {high:.4g}. Scale it first: subtract the "
                         "smallest value, then divide by the largest.")
    return heat


def confusion(report: Report) -> Figure:
    """Show the confusion matrix: a row for each true class, a column for each answer; names and counts up to 40."""
    check_kind("report", report, Report, "transfer.evaluate gives one.")
    n = len(report.class_names)
    alt = f"Confusion matrix of {n} classes, a row for each truth: {report.accuracy:.0%} of the answers are right"
    wrong = report.confusion * (1 - np.eye(n, dtype=int))
    if wrong.any():
        truth, answer = np.unravel_index(wrong.argmax(), wrong.shape)
        alt += (f"; the most frequent mistake: {report.class_names[truth]} called {report.class_names[answer]}, "
                f"{wrong.max()} of {report.confusion[truth].sum()}")
    few, side = n <= 40, 0.35 * min(n, 40)
    figure = Figure(figsize=(2.4 + side, 2 + side), layout="constrained", dpi=80, alt=alt + ".")
    axes = figure.add_subplot(xlabel="classifier's answer", ylabel="truth")
    axes.imshow(report.confusion, cmap="Blues")
    axes.set_xticks(range(n) if few else [], report.class_names if few else [], rotation=90 if n > 4 else 0)
    axes.set_yticks(range(n) if few else [], report.class_names if few else [])
    for row, column in np.argwhere(report.confusion if few else 0):
        dark = report.confusion[row, column] > report.confusion.max() / 2
        axes.text(column, row, report.confusion[row, column], ha="center", va="center", fontsize=9,
                  color="white" if dark else "black")
    return figure


def mistakes(report: Report, *, n: int = 8) -> Figure:
    """Show the n surest mistakes: truth -> answer, and how sure the classifier was.

    Raises:
        ValueError: their photos are not known, as of a table without paths.
    """
    check_kind("report", report, Report, "transfer.evaluate gives one.")
    check_paths(report)
    check_count("n", n)
    worst = report.mistakes[:n]
    if not worst:
        return _note("no mistakes")
    titles = [f"{wrong.truth} → {wrong.predicted} ({wrong.probability:.0%})" for wrong in worst]
    return images([mistake.read(size=160) for mistake in worst], titles,
                  alt=listed(counted(len(worst), "mistake"), titles))


def _note(text: str) -> Figure:
    figure = Figure(figsize=(4, 0.6), dpi=80, alt=text)
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure
