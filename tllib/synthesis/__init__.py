"""A network and a target -> an image: ideal images, adversarial images, and what other networks think of them."""

from tllib.synthesis.adversarial import adversarial_image, adversarial_images
from tllib.synthesis.canvas import Box, PixelCanvas, WaveCanvas
from tllib.synthesis.distortions import DISTORTIONS, Distortion
from tllib.synthesis.ideal import PIXELS, WAVES, Recipe, ideal_image, ideal_images, layer_image
from tllib.synthesis.judges import Opinions, Survival, second_opinion, second_opinions, survival
from tllib.synthesis.objectives import TargetLogit, TargetMargin
from tllib.synthesis.optimize import Frames, ImageOptimizer
from tllib.synthesis.penalties import TotalVariation
from tllib.synthesis.result import ImageResult
from tllib.synthesis.views import RandomView

__all__ = ["DISTORTIONS", "PIXELS", "WAVES", "Box", "Distortion", "Frames", "ImageOptimizer", "ImageResult",
           "Opinions", "PixelCanvas", "RandomView", "Recipe", "Survival", "TargetLogit", "TargetMargin",
           "TotalVariation", "WaveCanvas", "adversarial_image", "adversarial_images", "ideal_image", "ideal_images",
           "layer_image", "second_opinion", "second_opinions", "survival"]
