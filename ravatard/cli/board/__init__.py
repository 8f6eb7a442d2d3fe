"""``ravatard board``: boards, their wiring, and a test of the connected one."""
