"""The appliance in a virtual machine: real systemd, kernel sound card and GPIO chip (``make appliance``)."""
