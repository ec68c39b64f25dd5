"""Charts: pure functions from arrays to Plotly figures as plain dictionaries, alike in the light and the dark theme."""
