#!/usr/bin/env bash
# Runs on a machine of the chain: ends the watch of a process that look.sh has told of, where it is not through by itself.
set -euo pipefail
: "${PROCESS:?}"

kill "$PROCESS" 2>/dev/null || true
