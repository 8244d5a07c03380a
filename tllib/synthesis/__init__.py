"""A network and a target -> an image: ideal images, adversarial images, and what other networks think of them."""

from tllib.synthesis.adversarial import adversarial_image, adversarial_images
from tllib.synthesis.distortions import DISTORTIONS, Distortion
from tllib.synthesis.ideal import ideal_image, ideal_images, layer_image, results
from tllib.synthesis.loop import Drawing, draw
from tllib.synthesis.penalties import total_variation
from tllib.synthesis.recipe import ARTISTS, FOURIER, PIXELS, TOGETHER, Recipe
from tllib.synthesis.result import ImageResult
from tllib.synthesis.robustness import Opinions, Robustness, robustness, second_opinion, second_opinions

__all__ = [
    "ARTISTS",
    "DISTORTIONS",
    "FOURIER",
    "PIXELS",
    "TOGETHER",
    "Distortion",
    "Drawing",
    "ImageResult",
    "Opinions",
    "Recipe",
    "Robustness",
    "adversarial_image",
    "adversarial_images",
    "draw",
    "ideal_image",
    "ideal_images",
    "layer_image",
    "results",
    "robustness",
    "second_opinion",
    "second_opinions",
    "total_variation",
]
