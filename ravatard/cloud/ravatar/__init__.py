"""RAVATAR: its messages (``wire``) and its service (``service``)."""
