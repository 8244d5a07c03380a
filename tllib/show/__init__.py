"""Results -> pictures."""

from tllib.show.comparison import bars, curves, lines, regions
from tllib.show.plots import (
           confusion,
           feature_maps,
           heat_maps,
           history,
           images,
           learning_rates,
           mistakes,
           photos,
)
from tllib.show.start import flow, guesses

__all__ = ["bars", "confusion", "curves", "feature_maps", "flow", "guesses", "heat_maps", "history",
           "images", "learning_rates", "lines", "mistakes", "photos", "regions"]
