"""Simulator: a complete world without hardware or network, with cloud, microphone, speaker and panel."""
