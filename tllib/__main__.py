"""`python -m tllib …` -> the command line, on a Python that TensorFlow exists for."""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):  # said before anything is made; any Python 3 can read this file
    sys.exit("tllib needs Python 3.11, 3.12 or 3.13, and this is Python {}.{}. Install one of them from python.org, or "
             "name it: python3.12 -m tllib …, on Windows: py -3.12 -m tllib …".format(*sys.version_info[:2]))

from tllib.command import main

if __name__ == "__main__":
    sys.exit(main())
