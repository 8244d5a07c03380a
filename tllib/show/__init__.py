"""Results -> pictures."""

from tllib.show.plots import (
           confusion,
           curves,
           feature_maps,
           heat_maps,
           history,
           images,
           learning_rates,
           mistakes,
           photos,
)

__all__ = ["confusion", "curves", "feature_maps", "heat_maps", "history", "images", "learning_rates", "mistakes",
           "photos"]
