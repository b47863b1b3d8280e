#!/usr/bin/env bash
# ctest.sh PRESET [CTEST OPTIONS]: runs the tests of a built preset and prints how many passed,
# failed and were skipped. A test that was skipped or not run is a failure. Writes the three numbers
# to build/PRESET/test_counts.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=$1
shift
junit=$PWD/build/$preset/ctest.xml
counts=$PWD/build/$preset/test_counts.txt
rm -f "$junit" "$counts"

status=0
ctest --preset "$preset" --parallel "$(nproc)" --no-tests=error --output-junit "$junit" "$@" ||
  status=$?
[[ -f $junit ]] || exit "$((status == 0 ? 1 : status))"

count() { grep --count --extended-regexp "^[[:space:]]*<testcase .* status=\"($1)\"" "$junit" || true; }
passed=$(count run)
failed=$(count fail)
skipped=$(count 'notrun|disabled')
echo "$passed $failed $skipped" >"$counts"

echo "passed $passed, failed $failed, SKIPPED $skipped"
if ((skipped > 0)); then
  echo "ctest: skipped tests and tests that could not be run count as failures" >&2
  status=1
fi
echo "$passed passed, $((failed + skipped)) failed"
exit "$status"
