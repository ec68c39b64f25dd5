"""The dashboard: markets, portfolio and simulation in the browser, through the public client."""
