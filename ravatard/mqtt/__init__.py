"""MQTT: Home Assistant, and devices of one group, by way of a broker."""
