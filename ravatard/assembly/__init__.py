"""Assembly of the appliance: the real parts, built from the options, and their lifetime."""
