"""Payoffs, one module each; a module registers its payoff when it is imported."""
