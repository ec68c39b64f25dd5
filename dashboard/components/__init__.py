"""Builders of what the pages are made of. They take plain values, return components, and know no callbacks."""
