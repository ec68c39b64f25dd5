"""One short module a covariance estimator; each registers itself in `COVARIANCE_ESTIMATORS`."""
