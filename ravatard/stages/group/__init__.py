"""The stage between microphone and hub of an appliance that is not alone in its room."""
