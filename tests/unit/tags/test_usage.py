"""What the process needs, as it is told."""

from plantpulse.tags.usage import Usage, memory_mb


def test_the_load_is_that_since_the_last_question() -> None:
    usage = Usage()
    usage._cpu_s -= 3600
    usage._at_s -= 7200

    busy = usage.take()

    assert 40 < busy.cpu_percent < 60
    assert 10 < busy.memory_mb < 100_000
    assert abs(busy.memory_mb - memory_mb()) < 1000
