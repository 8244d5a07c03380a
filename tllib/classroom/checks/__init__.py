"""A learner's answer -> "right", or what is off; never the answer itself. A module for each lesson."""
