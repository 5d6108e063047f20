"""The version, from the installed distribution."""

from importlib.metadata import version

VERSION = version("pointsman")
