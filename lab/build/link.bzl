"""How programs are linked in which the simulated network is to be fast."""

# Optimizes across the files that .bazelrc compiles for it, on all processors.
LINK_AS_A_WHOLE = ["-flto=auto"]
