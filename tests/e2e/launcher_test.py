#!/usr/bin/env python3
"""The launcher, with a machine around it that only pretends: its Bazel, apt-get and dpkg-query note their calls."""

import os
import shutil
import subprocess
import tempfile
import unittest

LAUNCHER = os.path.join(os.environ["TEST_SRCDIR"], "duet", "duet")

# A build makes a program that prints its arguments.
BAZEL = """#!/bin/sh
echo "bazel $*" >> "$CALLS"
[ -z "$BUILD_FAILS" ] || { echo "x.cc:1: error: no"; exit 1; }
mkdir -p bazel-bin/lab/cli
printf '#!/bin/sh\\necho "duet $*"; exit 5\\n' > bazel-bin/lab/cli/duet
chmod +x bazel-bin/lab/cli/duet
"""
DPKG_QUERY = """#!/bin/sh
echo "dpkg-query $*" >> "$CALLS"
for last; do :; done
case " $MISSING " in *" $last "*) exit 1;; esac
printf installed
"""
RECORD = """#!/bin/sh
echo "%s $*" >> "$CALLS"
"""


class LauncherTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ["TEST_TMPDIR"])
        self.checkout = os.path.join(self.folder, "checkout")
        os.makedirs(os.path.join(self.checkout, "lab"))
        shutil.copy(LAUNCHER, os.path.join(self.checkout, "duet"))
        self.write("checkout/lab/source.cc", "")
        fakes = {"bazel": BAZEL, "dpkg-query": DPKG_QUERY, "id": "#!/bin/sh\necho 0\n",
                 "apt-get": RECORD % "apt-get", "sudo": RECORD % "sudo", "mknod": "#!/bin/sh\nexit 1\n"}
        for name, script in fakes.items():
            self.write("bin/" + name, script, 0o755)
        self.calls_path = os.path.join(self.folder, "calls")

    def write(self, path, text, mode=0o644):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def run_duet(self, *arguments, **environment):
        """Exit status, standard output and error, and what was called on the machine."""
        open(self.calls_path, "w", encoding="utf-8").close()
        environment = dict(environment, CALLS=self.calls_path, DUET_OWN_ROOT="tried",
                           PATH=os.path.join(self.folder, "bin") + ":/usr/bin:/bin")
        ran = subprocess.run([os.path.join(self.checkout, "duet"), *arguments], env=environment, cwd="/",
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        with open(self.calls_path, encoding="utf-8") as calls:
            return ran.returncode, ran.stdout.decode(), ran.stderr.decode(), calls.read()

    def test_the_program_gets_the_arguments_and_gives_the_status(self):
        status, output, error, _ = self.run_duet("grade", "a b", "c")
        self.assertEqual((status, output, error), (5, "duet grade a b c\n", ""))

    def test_nothing_is_checked_or_built_twice(self):
        self.assertIn("bazel build", self.run_duet("list")[3])
        self.assertEqual(self.run_duet("list")[3], "")

    def test_a_changed_source_is_built(self):
        self.run_duet("list")
        for change in ("checkout/lab/source.cc", "checkout/lab/new.cc"):
            self.write(change, "changed")
            self.assertIn("bazel build", self.run_duet("list")[3], change)
        self.assertEqual(self.run_duet("list")[3], "")

    def test_a_build_that_fails_is_shown_and_tried_again(self):
        status, output, error, _ = self.run_duet("list", BUILD_FAILS="1")
        self.assertEqual((status, output), (3, ""))
        self.assertIn("x.cc:1: error: no", error)
        self.assertEqual(self.run_duet("list")[0], 5)

    def test_what_is_missing_is_named_and_installed(self):
        status, _, error, calls = self.run_duet("list", MISSING="netbase tshark")
        self.assertEqual(status, 5)
        self.assertIn("Installing tshark netbase\n", error)
        installs = [line for line in calls.splitlines() if line.startswith("apt-get ")]
        self.assertEqual(len(installs), 2)
        self.assertTrue(installs[0].startswith("apt-get update"))
        self.assertTrue(installs[1].endswith(" tshark netbase"))
        self.assertNotIn("dpkg-query", self.run_duet("list")[3])

    def test_an_ordinary_user_installs_with_sudo(self):
        self.write("bin/id", "#!/bin/sh\necho 1000\n", 0o755)
        self.assertIn("sudo apt-get update", self.run_duet("list", MISSING="tshark")[3])

    def test_where_nothing_can_be_installed_nothing_is_built(self):
        self.write("bin/apt-get", "#!/bin/sh\nexit 100\n", 0o755)
        status, output, error, calls = self.run_duet("list", MISSING="tshark")
        self.assertEqual((status, output), (3, ""))
        self.assertIn("apt-get update failed", error)
        self.assertNotIn("bazel build", calls)


if __name__ == "__main__":
    unittest.main()
