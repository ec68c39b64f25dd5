"""Typed settings from defaults, profile, YAML file, environment and flags; logging; vendors' keys."""

from riskwave.config.api_keys import ApiKeys
from riskwave.config.errors import ConfigError, Problem
from riskwave.config.layers import Origin
from riskwave.config.loading import Loaded, Provenance, load, load_settings
from riskwave.config.settings import Settings

__all__ = ["ApiKeys", "ConfigError", "Loaded", "Origin", "Problem", "Provenance", "Settings", "load", "load_settings"]
