"""Results and networks -> controls in a notebook, each with a still picture for readers without a kernel."""

from tllib.widgets.class_picker import ClassPicker, class_picker
from tllib.widgets.explorer import AdversarialExplorer, adversarial_explorer
from tllib.widgets.live_view import LiveView
from tllib.widgets.mistakes import MistakesBrowser, mistakes_browser
from tllib.widgets.panel import Panel
from tllib.widgets.photo import PhotoTrial, try_photo

__all__ = ["AdversarialExplorer", "ClassPicker", "LiveView", "MistakesBrowser", "Panel", "PhotoTrial",
           "adversarial_explorer", "class_picker", "mistakes_browser", "try_photo"]
