import unittest

from task import line


class LineTest(unittest.TestCase):
    def test_the_line_is_about_its_subject(self) -> None:
        self.assertEqual(line("{{example}}"), "{{before}}{{example}}{{after}}")


if __name__ == "__main__":
    unittest.main()
