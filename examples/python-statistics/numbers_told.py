"""What is told of numbers, apart from where they come from."""

import statistics


def told(numbers: list[float]) -> str:
    """Returns a line about the numbers, of which there must be two."""
    mean, median = statistics.mean(numbers), statistics.median(numbers)
    return f"{len(numbers)} numbers, mean {mean}, median {median}, deviation {statistics.stdev(numbers):.2f}"
