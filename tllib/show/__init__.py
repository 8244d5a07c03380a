"""Results -> pictures."""

from tllib.show.plots import confusion, history, images, mistakes, photos

__all__ = ["confusion", "history", "images", "mistakes", "photos"]
