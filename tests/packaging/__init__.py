"""The package and ``make install`` in a fresh Debian (``make package-test``)."""
