#!/usr/bin/env python3
"""The last line of `./duet test` counts what ran."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.environ["TEST_SRCDIR"], "duet", ".ci", "count_tests.py")

TWO_PASSED_ONE_SKIPPED = """<testsuites><testsuite>
<testcase name="A" classname="T" status="run" result="completed"/>
<testcase name="B" classname="T" status="run" result="completed"/>
<testcase name="C" classname="T" status="run" result="skipped"><skipped message="x_test.cc:7&#x0A;no namespaces"/></testcase>
</testsuite></testsuites>"""

ONE_FAILED = """<testsuites><testsuite>
<testcase name="A" classname="T" status="run" result="completed"/>
<testcase name="B" classname="T" status="run" result="completed"><failure message="no"/></testcase>
</testsuite></testsuites>"""


class CountTestsTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ["TEST_TMPDIR"])
        self.events = []

    def add_result(self, label, xml, status):
        path = os.path.join(self.folder, "test %d.xml" % len(self.events))
        with open(path, "w", encoding="utf-8") as file:
            file.write(xml)
        output = {"name": "test.xml", "uri": "file://" + path.replace(" ", "%20")}
        self.events.append({"id": {"testResult": {"label": label, "run": 1, "shard": 1, "attempt": 1}},
                            "testResult": {"status": status, "testActionOutput": [output]}})

    def count(self, bazel_status):
        path = os.path.join(self.folder, "events.json")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in self.events)
        ran = subprocess.run([sys.executable, SCRIPT, path, str(bazel_status)], stdout=subprocess.PIPE, check=False)
        return ran.returncode, ran.stdout.decode().splitlines()

    def test_skipped_cases_are_counted_as_skipped_with_their_reason(self):
        self.add_result("//a:test", TWO_PASSED_ONE_SKIPPED, "PASSED")
        self.assertEqual(self.count(0), (0, ["SKIPPED 1: no namespaces", "2 passed, 0 failed, 1 skipped"]))

    def test_failed_cases_are_named(self):
        self.add_result("//a:test", ONE_FAILED, "FAILED")
        self.assertEqual(self.count(3), (1, ["FAILED //a:test T.B", "1 passed, 1 failed"]))

    def test_a_test_without_a_readable_report_counts_as_one_case(self):
        self.add_result("//a:test", "<testsuites><testsu", "TIMEOUT")
        self.add_result("//b:test", "", "PASSED")
        self.assertEqual(self.count(3), (1, ["FAILED //a:test TIMEOUT", "1 passed, 1 failed"]))

    def test_failing_outside_all_cases_is_a_failure(self):
        self.add_result("//a:test", TWO_PASSED_ONE_SKIPPED, "FAILED")
        self.assertEqual(self.count(3)[1][-1], "0 passed, 1 failed")

    def test_what_did_not_build_is_a_failure(self):
        self.events.append({"id": {"targetCompleted": {"label": "//a:test"}}, "completed": {}})
        self.events.append({"id": {"targetCompleted": {"label": "//b:test"}}, "completed": {"success": True}})
        self.assertEqual(self.count(1), (1, ["FAILED //a:test did not build", "0 passed, 1 failed"]))

    def test_a_build_that_says_nothing_is_a_failure(self):
        self.assertEqual(self.count(1)[1][-1], "0 passed, 1 failed")


if __name__ == "__main__":
    unittest.main()
