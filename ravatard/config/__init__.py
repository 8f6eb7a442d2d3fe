"""The configuration: reads files, environment and credentials, checks them, and returns option groups."""

from ravatard.config.loading import DEFAULT_PATH, Loaded, load
from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin
from ravatard.config.schema import Key, Options, Schema, secrets_of

__all__ = [
    "DEFAULT_PATH",
    "ConfigErrors",
    "Key",
    "Loaded",
    "Options",
    "Problem",
    "Schema",
    "SettingOrigin",
    "load",
    "secrets_of",
]
