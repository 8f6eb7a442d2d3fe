"""RAVATAR: its messages (``wire``, ``rest``) and its service (``service``), as PROTOCOL.md reads them."""
