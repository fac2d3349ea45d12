"""A script of segments with one body, and a target for each TCP that it is played against."""

def segment_test(name):
    """Declares {name}_sim and {name}_real, both of {name}.cc."""
    native.cc_library(
        name = name + "_body",
        testonly = True,
        srcs = [name + ".cc"],
        deps = [
            ":script",
            "//lab/build:gtest",
        ],
        alwayslink = True,
    )
    for endpoint in ["sim", "real"]:
        native.cc_test(
            name = name + "_" + endpoint,
            size = "medium",
            deps = [
                ":" + name + "_body",
                ":endpoint_" + endpoint,
            ],
        )
