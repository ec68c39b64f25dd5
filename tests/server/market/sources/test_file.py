import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskwave.server.market.sources import BadPayloadError, NoDataError, UnknownSymbolError
from riskwave.server.market.sources.file import folder_source


async def nobody(_):
    raise AssertionError("a file needs no request")


async def read(folder, symbol="WTI", **dates):
    source = folder_source(folder)
    return await source.fetch(source.query(symbol, **dates), nobody)


async def test_a_csv_file(tmp_path):
    (tmp_path / "WTI.csv").write_text(
        "\ufeffDate, Close ,Open,Comment\r\n2020-04-20,-36.98,17.73,negative\r\n2020-04-17,18.31,.,x\r\n"
    )
    bars = await read(tmp_path)
    assert bars.close.tolist() == [18.31, -36.98]
    assert bars.times.tolist() == np.array(["2020-04-17", "2020-04-20"], "datetime64[ns]").astype(np.int64).tolist()
    np.testing.assert_array_equal(bars.open, [np.nan, 17.73])
    assert bars.high is None
    assert bars.notes == ()


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("ns"), pa.string()])
async def test_a_parquet_file_is_the_same(tmp_path, kind):
    days = [dt.date(2020, 4, 17), dt.date(2020, 4, 20)]
    dates = pa.array([day.isoformat() for day in days]) if kind == pa.string() else pa.array(days).cast(kind)
    pq.write_table(pa.table({"date": dates, "close": [18.31, -36.98], "volume": [5, None]}), tmp_path / "WTI.parquet")
    bars = await read(tmp_path)
    assert bars.close.tolist() == [18.31, -36.98]
    np.testing.assert_array_equal(bars.volume, [5.0, np.nan])


async def test_dates_and_missing_prices(tmp_path):
    (tmp_path / "ABC.csv").write_text("date,price\n2020-01-03,3\n2020-01-01,1\n2020-01-02,n/a\n2020-01-03,4\n")
    bars = await read(tmp_path, "ABC", start=dt.date(2020, 1, 2))
    assert bars.close.tolist() == [4.0]
    assert "1 rows without a price were left out: 2020-01-02" in bars.notes
    assert any("1 repeated times" in note and "1 had different prices" in note for note in bars.notes)
    with pytest.raises(NoDataError):
        await read(tmp_path, "ABC", start=dt.date(2021, 1, 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs columns date and close"),
        ("when,close\n2020-01-01,1\n", "needs columns date and close, and has when, close"),
        ("date,close\n01/02/2020,1\n", "'01/02/2020' is not a date"),
        ("date,close\n20200102,1\n", "is not a date"),
        ("date,close\n2020-02-30,1\n", "is not a date"),
        ("date,close\n2020-01-01,1,2\n", "another length"),
        ('date,close\n"2020-01-01,1\n', "cannot be read"),
        ("date,close\n2020-01-01,dear\n", "none of 1 rows has a price"),
    ],
)
async def test_files_that_are_not_right(tmp_path, text, words):
    (tmp_path / "WTI.csv").write_text(text)
    with pytest.raises(BadPayloadError, match=words):
        await read(tmp_path)


async def test_bytes_that_are_neither(tmp_path):
    (tmp_path / "WTI.parquet").write_bytes(b"PAR0")
    (tmp_path / "OIL.csv").write_bytes(b"\xff\xfe\x00")
    for symbol in ("WTI", "OIL"):
        with pytest.raises(BadPayloadError):
            await read(tmp_path, symbol)


def test_only_files_with_a_symbol_for_a_name_are_assets(tmp_path):
    for name in ("WTI.csv", "BRENT.parquet", "notes.txt", ".hidden.csv", "a b.csv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    source = folder_source(tmp_path)
    assert [(asset.symbol, asset.category) for asset in source.assets] == [("BRENT", "energy"), ("WTI", "energy")]
    with pytest.raises(UnknownSymbolError):
        source.query("../WTI")
    assert folder_source(tmp_path / "none").assets == ()
