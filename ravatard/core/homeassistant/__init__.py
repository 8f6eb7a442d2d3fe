"""Home Assistant's side of MQTT: topics, discovery, states and commands, as values."""
