"""zc.buildout as recipes import it; gobuild does what it stands for."""
import os
import sys

WINDOWS = sys.platform.startswith("win")


class UserError(Exception):
    """Something that the user has to correct."""

    def __str__(self):
        return " ".join(map(str, self.args))


# What is missing here may come from a real zc.buildout.
__path__ = [p for p in (os.path.join(entry, "zc", "buildout") for entry in sys.path) if os.path.isdir(p)]
