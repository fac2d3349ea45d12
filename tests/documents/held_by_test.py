#!/usr/bin/env python3
"""Every row of the tables of what is modelled names tests that exist, or says that the behaviour is absent."""

import os
import re
import unittest

ROOT = os.path.join(os.environ["TEST_SRCDIR"], "duet")

# Where the tests of a document are that it names without a folder.
FOLDERS = {
    "tcp.md": ["tests/segments", "sim/tcp"],
    "udp.md": ["tests/conformance"],
    "sockets.md": ["tests/conformance"],
    "links.md": ["lab/wire"],
}
# The file of tests that are named without one.
FILES = {"links.md": "link_test"}

TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")


def tests_of_files():
    """The tests of each file, "Suite.Name", by the file's path without its ending."""
    found = {}
    for folder, _, names in os.walk(ROOT):
        for name in names:
            if not name.endswith("_test.cc"):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                tests = [f"{suite}.{test}" for suite, test in TEST.findall(file.read())]
            found[os.path.relpath(path, ROOT)[:-len(".cc")]] = tests
    return found


def rows_of(document):
    """The cells of each row of the document's tables that have a column of tests."""
    with open(os.path.join(ROOT, "docs", document), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("|") and len(cells) == 3 and cells[2] != "Held by" and not cells[0].startswith("---"):
                yield cells


class References:
    """What is wrong with the names in a cell: "file: Suite.Name", "file", or, after one, "….Name" or "Suite.Name"."""

    def __init__(self, document, files):
        self.document = document
        self.files = files

    def wrong_in(self, cell):
        suite, tests = None, self.tests_in(FILES.get(self.document, ""))
        for reference in QUOTED.findall(cell):
            if ": " in reference or "." not in reference:
                file, _, reference = reference.partition(": ")
                tests = self.tests_in(file)
                if not tests:
                    yield f"there is no {file}"
            if not reference:
                continue
            named, _, name = reference.partition(".")
            suite = suite if named == "…" else named
            pattern = re.compile(re.escape(f"{suite}.{name}").replace("…", ".*"))
            if not any(pattern.fullmatch(test) for test in tests):
                yield f"there is no {suite}.{name}"

    def tests_in(self, file):
        """Those of the file, or of all files of the folder."""
        paths = [file] if "/" in file else [f"{folder}/{file}" for folder in FOLDERS[self.document]]
        return [test for path in paths for known, tests in self.files.items()
                if known == path or os.path.dirname(known) == path for test in tests]


class HeldByTest(unittest.TestCase):

    def test_rows_name_tests_that_exist(self):
        files = tests_of_files()
        wrong = []
        for document in FOLDERS:
            references = References(document, files)
            rows = list(rows_of(document))
            self.assertGreater(len(rows), 5, document)
            for behaviour, how, held_by in rows:
                wrong += [f"{document}: {behaviour}: {why}" for why in references.wrong_in(held_by)]
                if not QUOTED.search(held_by) and not how.startswith("absent"):
                    wrong.append(f"{document}: {behaviour}: names no test")
        self.assertEqual([], wrong, "\n" + "\n".join(wrong))

    def test_names_that_do_not_exist_are_found(self):
        references = References("links.md", {"lab/wire/link_test": ["LinkTest.A", "LinkTest.B"]})
        for good in ["`LinkTest.A`, `….B`", "`link_test: LinkTest.…`", "`lab/wire/link_test`",
                     "`lab/wire: LinkTest.A`"]:
            self.assertEqual([], list(references.wrong_in(good)), good)
        for bad in ["`LinkTest.C`", "`LinkTest.A`, `….C`", "`link: LinkTest.A`", "`tests/link_test: LinkTest.A`"]:
            self.assertNotEqual([], list(references.wrong_in(bad)), bad)


if __name__ == "__main__":
    unittest.main()
