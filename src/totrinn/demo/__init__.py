"""The demonstration: an installation of its own, a story played on it over HTTP, and then everything to try by hand.

It stands in a folder that is made anew at every start, is reached from this machine only, and takes no notice of the
settings in the environment, so that nothing which is in earnest can come to harm by it.
"""

from totrinn.demo.folder import NotADemoFolder
from totrinn.demo.running import run
from totrinn.demo.story import StoryBroken

__all__ = ["NotADemoFolder", "StoryBroken", "run"]
