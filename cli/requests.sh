#!/usr/bin/env bash
# Runs on the client machine: asks URL for a page REQUESTS times, one after the other.
# Prints a line for each: HTTP status (000 when there was no reply), then the page's text, base64.
set -euo pipefail
: "${URL:?}" "${REQUESTS:?}"

page=$(mktemp)
trap 'rm -f "$page"' EXIT
for ((request = 0; request < REQUESTS; request++)); do
  : >"$page"
  status=$(curl --silent --max-time 3 --output "$page" --write-out '%{http_code}' "$URL") || status=000
  printf '%s %s\n' "$status" "$(base64 --wrap=0 "$page")"
done
