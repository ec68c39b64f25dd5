"""riskwave."""
