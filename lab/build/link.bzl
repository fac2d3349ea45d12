"""How programs are linked in which the simulated network is to be fast."""

# Optimizes across the files that .bazelrc compiles for it. GCC then takes a count that is never negative for one that
# may be.
LINK_AS_A_WHOLE = [
    "-flto=auto",
    "-Wno-alloc-size-larger-than",
]
