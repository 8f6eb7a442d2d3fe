"""An always-on voice appliance for cloud avatars."""

__version__ = "0.2.0"
