#!/usr/bin/env bash
# Runs on a machine of the chain: prints the addresses of the hops from here to each of TARGETS (comma list).
# One line per target: the target, then a hop each, `*` for one that does not answer.
set -euo pipefail
: "${TARGETS:?}"

IFS=, read -ra targets <<<"$TARGETS"
for target in "${targets[@]}"; do
  printf '%s' "$target"
  traceroute -n -q 1 -w 1 -m 6 "$target" 2>/dev/null | awk 'NR > 1 { printf " %s", $2 }'
  printf '\n'
done
