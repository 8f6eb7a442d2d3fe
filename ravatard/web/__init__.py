"""The local page for an appliance with a display: what it shows, and who may open it."""
