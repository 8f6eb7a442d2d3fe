"""A complete world without hardware or network: cloud, microphone, panel."""
