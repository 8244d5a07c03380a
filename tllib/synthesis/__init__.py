"""A network and a wish -> an image: ideal images, adversarial images, and what another network thinks of them."""

from tllib.synthesis.adversarial import adversarial_image
from tllib.synthesis.bounds import Ball, Box
from tllib.synthesis.canvas import PixelCanvas, WaveCanvas
from tllib.synthesis.ideal import ideal_image
from tllib.synthesis.objectives import TargetCrossEntropy, TargetLogit
from tllib.synthesis.optimize import optimize
from tllib.synthesis.penalties import TotalVariation
from tllib.synthesis.result import ImageResult, second_opinion
from tllib.synthesis.views import RandomView

__all__ = ["Ball", "Box", "ImageResult", "PixelCanvas", "RandomView", "TargetCrossEntropy", "TargetLogit",
           "TotalVariation", "WaveCanvas", "adversarial_image", "ideal_image", "optimize", "second_opinion"]
