"""{{purpose}}"""

{{import}}import sys

from wit_world import exports

from task import line


class Run(exports.Run):
    """The interface wasi:cli/run, which the host calls."""

    def run(self) -> None:
        subject = {{subject}}
        if not subject:
            print("error: {{missing}}", file=sys.stderr)
            sys.exit(1)
        print(line(subject))
