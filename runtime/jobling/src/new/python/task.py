"""What the task does, apart from where it is told of it."""


def line(subject: str) -> str:
    """Returns what the task prints about `subject`."""
    return f"{{before}}{subject}{{after}}"
