"""What a person touches and sees: the button and the lights, on pins and on SPI."""
