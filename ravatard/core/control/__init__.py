"""The control protocol: requests to a running appliance, and the status it reports."""
