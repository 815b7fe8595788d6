"""The command that measures speeds says which are too slow."""

from benchmarks.speed import Speed, report


def test_a_speed_above_its_limit_is_named_and_is_the_status(capsys):
    fast, slow = Speed("cells", 0.5, 1.0), Speed("a search", 3.0, 2.0)
    assert report([fast]) == 0
    assert report([fast, slow]) == 1
    *_, last = capsys.readouterr().out.splitlines()
    assert last.split() == ["TOO", "SLOW", "1.50", "of", "2", "s", "a", "search"]
