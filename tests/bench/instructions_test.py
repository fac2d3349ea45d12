#!/usr/bin/env python3
"""What simulated calls cost in instructions, which no other work on the machine disturbs: within 5 % of the figures.

Where the cost has changed for a reason, the new figure belongs here and into docs/performance.md.
"""

import os
import re
import shutil
import subprocess
import unittest

PROGRAM = os.path.join(os.environ["TEST_SRCDIR"], "duet", "tests", "bench", "round_trips")

# Of a round trip of one byte, over the loopback (1) and the default link (2), and of a connection that is made,
# accepted and closed.
FIGURES = {
    ("tcp", "1"): 8_210,
    ("tcp", "2"): 8_340,
    ("traced", "tcp", "2"): 12_880,
    ("udp", "1"): 6_980,
    ("udp", "2"): 6_070,
    ("traced", "udp", "2"): 10_660,
    ("cycles",): 20_800,
}


def instructions(what, count):
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    run = subprocess.run([*valgrind, PROGRAM, *what, str(count)], capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1))


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class InstructionsTest(unittest.TestCase):

    def test_a_round_trip_costs_what_it_did(self):
        for what, figure in FIGURES.items():
            with self.subTest(what=what):
                more, fewer = 3_000, 1_000
                cost = (instructions(what, more) - instructions(what, fewer)) / (more - fewer)
                self.assertAlmostEqual(cost, figure, delta=figure * 0.05)


if __name__ == "__main__":
    unittest.main()
