"""Panel: the button and the lights, on GPIO pins and on SPI."""
