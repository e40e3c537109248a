"""Measurements, each beside its floor in the same run on the same machine. `make bench` runs them all."""

HEADING = (
    f"{'':44} {'median':>8} {'p99':>8}   {'floor':>8} {'p99':>8}   {'ratio':>5} {'p99':>5}   (ms)"
)
