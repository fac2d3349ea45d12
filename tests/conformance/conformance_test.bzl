"""A test with one body and a target for each world."""

def conformance_test(name):
    """Declares {name}_sim and {name}_real, both of {name}.cc."""
    native.cc_library(
        name = name + "_body",
        testonly = True,
        srcs = [name + ".cc"],
        deps = [
            ":harness",
            "//lab/build:gtest",
        ],
        alwayslink = True,
    )
    for world in ["sim", "real"]:
        native.cc_test(
            name = name + "_" + world,
            size = "medium",
            deps = [
                ":" + name + "_body",
                ":world_" + world,
            ],
        )
