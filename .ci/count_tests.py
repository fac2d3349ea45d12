"""Counts the test cases of a `bazel test` and prints the count as the last line; before it what failed, and why others
were skipped.

Usage: count_tests.py EVENTS STATUS

EVENTS is what --build_event_json_file wrote, STATUS Bazel's exit status. A target that did not build, and a test
that ended before it could say anything, count as one failed case. The exit status is 0 where nothing failed.
"""

import collections
import json
import sys
import urllib.parse
import xml.etree.ElementTree


def skip_reason(case):
    """Why a case was skipped, without the place in the source that GoogleTest puts before it; "" where nobody says."""
    skipped = case.find("skipped")
    return "" if skipped is None else skipped.get("message", "").partition("\n")[2].strip()


def count_cases(xml_path):
    """How many cases of one test.xml passed, failed, and were skipped; the names of the failed ones, and a count for
    each reason to skip."""
    passed, failed, skipped, names, reasons = 0, 0, 0, [], collections.Counter()
    for case in xml.etree.ElementTree.parse(xml_path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            names.append(".".join(filter(None, [case.get("classname"), case.get("name")])))
        elif case.find("skipped") is not None or case.get("result") == "skipped" or case.get("status") == "notrun":
            skipped += 1
            reasons[skip_reason(case)] += 1
        else:
            passed += 1
    return passed, failed, skipped, names, reasons


def count_result(result):
    """The same for one testResult event: a run, or one shard of it."""
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml" and output.get("uri", "").startswith("file://"):
            try:
                counts = count_cases(urllib.parse.unquote(output["uri"][len("file://"):]))
            except (OSError, xml.etree.ElementTree.ParseError):
                break
            if result["status"] != "PASSED" and counts[1] == 0:
                break  # it failed outside its cases: in a global destructor, say
            return counts
    if result["status"] == "PASSED":
        return 1, 0, 0, [], collections.Counter()
    return 0, 1, 0, [result["status"]], collections.Counter()


def main():
    events_path, bazel_status = sys.argv[1], int(sys.argv[2])
    totals = [0, 0, 0]
    failures = []
    reasons = collections.Counter()
    # A flaky test's attempts replace one another, its shards add up.
    results = {}
    try:
        with open(events_path, encoding="utf-8") as events:
            for line in events:
                event = json.loads(line)
                name = event.get("id", {})
                if "testResult" in name and "testResult" in event:
                    key = name["testResult"]
                    results[(key["label"], key.get("run"), key.get("shard"))] = event["testResult"]
                elif "targetCompleted" in name:
                    if not event.get("completed", {}).get("success"):
                        totals[1] += 1
                        failures.append(name["targetCompleted"]["label"] + " did not build")
    except (OSError, json.JSONDecodeError):
        pass  # Bazel gave up before there was anything to say: counted below
    for (label, _, _), result in sorted(results.items(), key=str):
        passed, failed, skipped, names, why = count_result(result)
        reasons += why
        totals = [totals[0] + passed, totals[1] + failed, totals[2] + skipped]
        failures += ["%s %s" % (label, name) for name in names]
    if bazel_status in (1, 3) and totals[1] == 0:
        totals[1] = 1
        failures.append("Bazel ended with status %d (see above)" % bazel_status)

    for reason, count in sorted(reasons.items()):
        if reason:
            print("SKIPPED %d: %s" % (count, reason))
    for failure in failures:
        print("FAILED " + failure)
    line = "%d passed, %d failed" % (totals[0], totals[1])
    print(line + (", %d skipped" % totals[2] if totals[2] else ""))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
