"""Targets for a coverage-guided fuzzer, and their replay by the ordinary compiler."""

load("//lab/build:system.bzl", "ABSL")

_FLAGS = "-std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"

def fuzz_target(name, sources, deps, seconds = 10):
    """Declares {name}_replay, which runs {name}_fuzz.cc over corpus/{name}, and {name}_fuzz_test, which fuzzes.

    Args:
      name: of the target.
      sources: filegroups with all that it consists of; clang compiles them, Bazel's own toolchain being gcc.
      deps: the same as libraries.
      seconds: how long the test fuzzes.
    """
    corpus = native.glob(["corpus/" + name + "/*"])
    native.cc_test(
        name = name + "_replay",
        size = "small",
        srcs = [
            "input.h",
            "replay.cc",
            name + "_fuzz.cc",
        ],
        args = ["tests/fuzz/corpus/" + name],
        data = corpus,
        deps = deps,
    )
    native.genrule(
        name = name + "_fuzz",
        testonly = True,
        srcs = [
            "input.h",
            name + "_fuzz.cc",
        ] + sources,
        outs = [name + "_fuzz.bin"],
        cmd = "clang++ " + _FLAGS + " -I. $$(printf '%s\\n' $(SRCS) | grep '[.]cc$$') -o $@ " +
              "-Wl,--start-group " + " ".join(["-l:lib" + part + ".a" for part in ABSL]) + " -Wl,--end-group -lpthread",
        executable = True,
        # Each takes a minute of a processor: not where only something else is asked for.
        tags = ["manual"],
    )
    native.sh_test(
        name = name + "_fuzz_test",
        size = "medium",
        srcs = ["fuzz.sh"],
        args = [
            "$(location :" + name + "_fuzz)",
            "tests/fuzz/corpus/" + name,
            str(seconds),
        ],
        data = corpus + [":" + name + "_fuzz"],
    )
