"""How to draw: the knobs of an ideal image, under one name."""

import dataclasses

from tllib.checking import check_count, check_number
from tllib.synthesis.parametrization import Fourier, Pixels


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to draw: the knobs of an ideal image.

    Attributes:
        parametrization: what the optimizer changes: "fourier" (waves: broad shapes first) or "pixels" (each by itself).
        total_variation: what a grey level between neighbours costs, in units of how widely the network's logits spread
            on noise, so that it means the same for every family; 0 leaves it out.
        colour: of waves, strength of red-blue beside light-dark, 0 for grey to 1.
        logsumexp_weight: what all logits together cost, 0 (the bare logit) to 1 (cross-entropy, but at temperature 2),
            see `class_loss`.
        crop: each step sees a window near the middle, at first the largest, at the end of `1 - crop` to 1 of its side.
        border: the largest window's side is `1 - border` of the image's. With 0 it is the whole image; with more, no
            step sees it whole, so that things are drawn near the middle with something around them, not cut off.
        noise: standard deviation of the noise that lies over the windows at first, in grey levels; gone at 40 % of the
            way. It hides all but broad shapes.
        solo: of several networks the first draws alone for this share of the steps, 0 to 1; then all take turns.
        steps: gradient steps at most.
        learning_rate: strengths of waves, or grey levels for pixels, per step; it falls along a cosine.

    Raises:
        ValueError: a setting out of range.
        TypeError: a setting that is no number.
    """

    parametrization: str = "fourier"
    total_variation: float = 1.0
    colour: float = 0.6
    logsumexp_weight: float = 0.5
    crop: float = 0.6
    border: float = 0.0
    noise: float = 30.0
    solo: float = 0.0
    steps: int = 256
    learning_rate: float = 0.05

    def __post_init__(self):
        check_count("steps", self.steps)
        for field in dataclasses.fields(self)[1:]:
            check_number(field.name, getattr(self, field.name))
        for name, right, expected in (
                ("parametrization", self.parametrization in ("fourier", "pixels"), "'fourier' or 'pixels'"),
                ("total_variation", self.total_variation >= 0, "0 or more"),
                ("colour", 0 <= self.colour <= 1, "0 to 1"),
                ("logsumexp_weight", 0 <= self.logsumexp_weight <= 1, "0 to 1"),
                ("crop", 0 <= self.crop < 1, "0 or more, below 1"),
                ("border", 0 <= self.border < 1, "0 or more, below 1"),
                ("noise", self.noise >= 0, "0 or more"),
                ("solo", 0 <= self.solo <= 1, "0 to 1"),
                ("learning_rate", self.learning_rate > 0, "above 0")):
            if not right:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected {expected}.")

    def make_parametrization(self) -> Fourier | Pixels:
        """What turns parameters into images."""
        return Fourier(self.colour) if self.parametrization == "fourier" else Pixels()


FOURIER = Recipe()
PIXELS = Recipe(parametrization="pixels", total_variation=4.0, learning_rate=6.0)
# For ARTISTS in turn, loaded with top=True and size=160. The first is hard to fool: alone, for half of the way, it lays
# out whole things on calm ground, without noise and with little total variation. The others, of two families, add what
# they look for.
TOGETHER = Recipe(total_variation=0.5, crop=0.5, border=0.2, noise=0.0, solo=0.5)
ARTISTS = ("efficientnet_lite0_robust", "efficientnet_lite0", "efficientnet_lite2", "squeezenet")
