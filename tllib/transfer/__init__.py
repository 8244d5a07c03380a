"""Features of a pretrained network -> a classifier for your own classes."""

from tllib.transfer.classifier import Classifier, assemble, train_head
from tllib.transfer.evaluate import Mistake, Report, evaluate
from tllib.transfer.features import FeatureTable, extract_features

__all__ = ["Classifier", "FeatureTable", "Mistake", "Report", "assemble", "evaluate", "extract_features", "train_head"]
