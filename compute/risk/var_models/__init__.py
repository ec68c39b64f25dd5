"""One short module a value at risk model; each registers itself in `VAR_MODELS`."""
