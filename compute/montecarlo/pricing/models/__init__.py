"""Pricing models, one module each; a module registers its model when it is imported."""
