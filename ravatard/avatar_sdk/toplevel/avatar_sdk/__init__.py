"""SDK under the name that the API reference gives it; its code is :mod:`ravatard.avatar_sdk`."""

import ravatard.avatar_sdk as _sdk
from ravatard.avatar_sdk import *  # noqa: F403 - all that it exports, under this name
from ravatard.avatar_sdk import __all__ as __all__

__doc__ = _sdk.__doc__
