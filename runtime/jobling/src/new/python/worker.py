"""{{purpose}}"""

import sys

from wit_world import exports
from wit_world.imports.work_queue import Queue

from task import line

# So long it waits for another item before it ends.
IDLE_MILLISECONDS = 1000
# So long an item that failed is left alone: less, so that it comes again while somebody waits.
DELAY_MILLISECONDS = 100


class Run(exports.Run):
    """The interface wasi:cli/run, which the host calls."""

    def run(self) -> None:
        queue = Queue.open("{{name}}")
        for item in sys.argv[1:]:
            queue.push(item.encode())
        while (item := queue.reserve(IDLE_MILLISECONDS)) is not None:
            try:
                print(line(item.body.decode()))
            except Exception as failure:
                print(f"error: {failure}", file=sys.stderr)
                queue.nack(item.receipt, DELAY_MILLISECONDS)
            else:
                queue.ack(item.receipt)
