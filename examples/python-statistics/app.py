"""Tells the mean, the median and the deviation of the numbers in a JSON file."""

import json
import sys

from wit_world import exports

from numbers_told import told


class Run(exports.Run):
    """The interface wasi:cli/run, which the host calls."""

    def run(self) -> None:
        [_, path] = sys.argv
        with open(path, encoding="utf-8") as file:
            numbers = json.load(file)
        print(told(numbers))
