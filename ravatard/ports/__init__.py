"""Ports: what the stages need from hardware, cloud and people; small Protocols, one file a seam.

``devices``, ``cloud`` and ``host`` implement them for real, ``sim`` for a world without hardware or network.
"""
