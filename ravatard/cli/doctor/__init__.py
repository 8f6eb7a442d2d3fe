"""Commands for fault finding: ``doctor``, ``meter``, ``find-mic`` and ``support-bundle``."""
