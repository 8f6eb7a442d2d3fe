"""The kiosk page: the avatar's picture and the appliance's state on a local display."""
