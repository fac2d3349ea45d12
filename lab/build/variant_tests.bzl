"""A test with one body, and a target for each implementation that it is linked with."""

def variant_tests(name, deps, variants):
    """Declares {name}_{variant} for each of the variants, all of {name}.cc.

    Args:
      name: of the body, {name}.cc.
      deps: what the body needs.
      variants: from a variant's name to the target that implements it.
    """
    native.cc_library(
        name = name + "_body",
        testonly = True,
        srcs = [name + ".cc"],
        deps = deps + ["//lab/build:gtest"],
        alwayslink = True,
    )
    for variant, implementation in variants.items():
        native.cc_test(
            name = name + "_" + variant,
            size = "medium",
            deps = [
                ":" + name + "_body",
                implementation,
            ],
        )
