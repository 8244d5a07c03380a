"""Features of a pretrained network -> a classifier for your own classes."""

from tllib.transfer.classifier import Classifier, assemble, load_classifier, train_head
from tllib.transfer.evaluate import Mistake, Report, evaluate
from tllib.transfer.explain import activations, grad_cam
from tllib.transfer.features import FeatureTable, extract_features
from tllib.transfer.finetune import fine_tune
from tllib.transfer.learning_rate import RateSearch, find_learning_rate
from tllib.transfer.provenance import BackboneId

__all__ = ["BackboneId", "Classifier", "FeatureTable", "Mistake", "RateSearch", "Report", "activations", "assemble",
           "evaluate", "extract_features", "find_learning_rate", "fine_tune", "grad_cam", "load_classifier",
           "train_head"]
