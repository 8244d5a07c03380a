"""An uploaded photo -> what a classifier of yours says about it."""

import warnings
from pathlib import Path

from tllib import backbones, images, show
from tllib.checking import check_kind
from tllib.transfer import Classifier
from tllib.widgets.panel import Panel, in_words

import ipywidgets
import numpy as np

PHOTOS = "image/*,.heic,.heif"  # what the dialog offers; not every system knows that the last two are pictures


class PhotoTrial(Panel):
    """A button to upload a photo, as `try_photo` makes it.

    Attributes:
        answers: (class name, probability) for the last photo, the surest first; empty before.
    """

    def __init__(self, classifier: Classifier, photo: np.ndarray | None):
        self.classifier, self.answers = classifier, []
        self.upload = ipywidgets.FileUpload(accept=PHOTOS, multiple=False, description="Choose a photo",
                                            layout=ipywidgets.Layout(width="auto"))
        super().__init__("PhotoTrial: a photo, and the classifier's answer", [self.upload])
        self.upload.observe(self._uploaded, names="value")
        if photo is None:
            self.say("The photo stays on the machine that runs this notebook.")
        else:
            self._answer(photo)

    def _uploaded(self, change):
        files = change["new"]  # in ipywidgets 7 a dict, by name
        for file in [{"name": name, **files[name]} for name in files] if isinstance(files, dict) else files:
            name = Path(file["name"]).name
            try:
                photo, damage = _decoded(bytes(file["content"]))
                self._answer(photo)
            except ValueError as error:
                self.say(f"{name} cannot be read as a picture: {error}")
            except Exception as error:  # here it would be lost in a log that nobody reads
                self.say(f"{name} could not be tried: {error}")
            else:
                if damage:
                    self.say(f"{name} is damaged, but can be read. Answer: {in_words(self.answers[:3])}")

    def _answer(self, photo: np.ndarray):
        found = self.classifier.predict(photo)[0]
        self.answers = [(self.classifier.class_names[number], float(found[number])) for number in np.argsort(-found)]
        size = backbones.input_size(self.classifier.model)
        self.draw(show.guesses(images.crop_resize(photo, size), self.answers[:5]))
        self.say(f"Answer: {in_words(self.answers[:3])}")


def try_photo(classifier: Classifier, *, photo: np.ndarray | None = None) -> PhotoTrial:
    """Upload a photo and see the classifier's answer.

    Without it: `classifier.predict(images.load("my_photo.jpg"))`.

    Args:
        classifier: from `transfer.assemble`, `fine_tune` or `load_classifier`.
        photo: `(h, w, 3)`, 0 to 255, to be answered before anything is uploaded. Defaults to none.

    Returns:
        Show it as the last line of a cell. A file that is no picture is named, and nothing else happens.

    Raises:
        TypeError: `classifier` is no Classifier.
        ValueError: `photo` is no RGB picture from 0 to 255.
    """
    check_kind("classifier", classifier, Classifier, "transfer.assemble and load_classifier give one.")
    return PhotoTrial(classifier, photo)


def _decoded(content: bytes) -> tuple[np.ndarray, bool]:
    """Pixels of a photo file, and whether it is damaged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return images.load(content), bool(caught)
        except ValueError as error:
            raise ValueError(error.__cause__) from error
