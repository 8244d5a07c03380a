"""A learner's answer -> "right", or what is off; never the answer itself."""

from tllib.exercises import oxford_pets

__all__ = ["oxford_pets"]
