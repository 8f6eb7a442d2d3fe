"""Network of every cloud, until it is needed: when its library is loaded, and whom its connections trust."""
