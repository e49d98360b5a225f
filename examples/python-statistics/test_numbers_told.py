import statistics
import unittest

from numbers_told import told


class ToldTest(unittest.TestCase):
    def test_numbers_are_told_in_a_line(self) -> None:
        self.assertEqual(told([1, 2, 3, 10]), "4 numbers, mean 4, median 2.5, deviation 4.08")

    def test_one_number_has_no_deviation(self) -> None:
        self.assertRaises(statistics.StatisticsError, told, [1])


if __name__ == "__main__":
    unittest.main()
