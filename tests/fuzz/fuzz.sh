#!/bin/bash
# Fuzzes with a target for so many seconds, from its corpus on. A crash leaves its input in the log, as base64.
# Every run draws the same, so that a change is judged by what it changed; FUZZ_SEED=N draws something else.
set -euo pipefail
fuzzer=$1 corpus=$2 seconds=$3
name=$(basename "$corpus")
found=${TEST_TMPDIR:-/tmp}/found-$name
mkdir -p "$found"
if "$fuzzer" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -max_len=1000 -timeout=10 \
  -rss_limit_mb=1000 -print_final_stats=1 -artifact_prefix="$found/" "$found" "$corpus"; then
  exit 0
fi
for input in "$found"/{crash,leak,oom,timeout}-*; do
  [ -e "$input" ] || continue
  echo "To replay it: base64 -d >/tmp/input <<<'$(base64 -w 0 "$input")'"
  echo "  bazel run --config=asan //tests/fuzz:${name}_replay -- /tmp/input"
done
exit 1
