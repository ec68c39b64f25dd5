import datetime as dt
import json

import numpy as np

import riskwave as rw


def test_a_coverage_is_plain_all_the_way_down() -> None:
    gap = rw.Gap(dt.date(2025, 10, 13), dt.date(2025, 10, 14), 2)
    found = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    revision = rw.PriceRevision(np.datetime64("2026-11-16", "ns"), 59.0, 59.25, found)
    coverage = rw.Coverage("XNYS", 250, 2, 10, 0, 1, (gap,), (revision,))
    plain = json.loads(json.dumps(coverage.to_dict()))
    assert plain["gaps"] == [{"start": "2025-10-13", "end": "2025-10-14", "missing_count": 2}]
    assert plain["revisions"][0]["time"].startswith("2026-11-16T")
    assert plain["revisions"][0]["found_time"] == "2026-11-20T00:00:00+00:00"
    text = str(coverage)
    assert "2 missing of 250 bars due by XNYS, 10 holidays" in text
    assert "restated from 59 to 59.25, found 2026-11-20" in text
