"""A learner's answer -> "right", or what is off; never the answer itself."""

from tllib.exercises import oxford_pets, start_here
from tllib.exercises.quizzes import quiz

__all__ = ["oxford_pets", "quiz", "start_here"]
