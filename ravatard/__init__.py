"""An always-on voice appliance for cloud avatars."""

__version__ = "0.1.0"
