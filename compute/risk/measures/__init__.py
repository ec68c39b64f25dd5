"""One short module a risk measure; each registers itself in `riskwave.compute.risk.measure.MEASURES`."""
