"""The owner's page: look at the appliance and set it up from a phone or by a program."""
