"""Past periods that commodity and equity portfolios are commonly stressed with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Episode:
    """A past period.

    Parameters
    ----------
    name
        Short name, such as ``covid_2020``.
    title
        What happened.
    start_date, end_date
        First and last day of prices, ISO 8601; the first return is that of the day after `start_date`.
    """

    name: str
    title: str
    start_date: str
    end_date: str


EPISODES = (
    Episode("oil_glut_1986", "Saudi Arabia gives up supporting the oil price", "1986-01-06", "1986-03-31"),
    Episode("gulf_war_1990", "Iraq invades Kuwait", "1990-08-02", "1990-10-11"),
    Episode("gulf_war_1991", "Desert Storm begins and the oil price collapses", "1991-01-16", "1991-02-22"),
    Episode("asian_crisis_1998", "Asian crisis and Russian default", "1997-10-03", "1998-12-10"),
    Episode("september_2001", "Attacks of 11 September and after", "2001-09-10", "2001-11-15"),
    Episode("hurricane_katrina_2005", "Hurricanes close the Gulf of Mexico", "2005-08-25", "2005-09-30"),
    Episode("financial_crisis_2008", "From the oil price's peak to its trough", "2008-07-03", "2008-12-23"),
    Episode("oil_collapse_2014", "Shale supply and OPEC's refusal to cut", "2014-06-20", "2016-02-11"),
    Episode("covid_2020", "Pandemic, price war and the negative price of WTI", "2020-02-20", "2020-04-28"),
    Episode("ukraine_2022", "Russia invades Ukraine", "2022-02-23", "2022-03-08"),
)
"""Ordered by date."""
