#!/usr/bin/env bash
# Runs on the client machine: asks the addresses in URLS in turn for a page, one request each INTERVAL seconds, COUNT at most, whatever
# becomes of those before. Ends when nobody reads what it prints any more.
# Prints "sent N" before each request, and after it "N STATUS SECONDS": its HTTP status (000 when there was no reply), and the time it took.
set -euo pipefail
: "${URLS:?}" "${INTERVAL:?}" "${COUNT:?}" "${MAX_SECONDS:?}"

read -r -a urls <<<"$URLS"
interval=$(awk -v seconds="$INTERVAL" 'BEGIN { printf "%d", seconds * 1000000 }')
now() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

ask() {
  local seen
  seen=$(curl --silent --noproxy '*' --max-time "$MAX_SECONDS" --output /dev/null --write-out '%{http_code} %{time_total}' "$2") || true
  printf '%d %s\n' "$1" "$seen"
}

next=$(now)
for ((number = 1; number <= COUNT; number++)); do
  printf 'sent %d\n' "$number" || exit 0
  ask "$number" "${urls[number % ${#urls[@]}]}" &
  next=$((next + interval))
  pause=$((next - $(now)))
  if ((pause > 0)); then sleep "$(printf '%d.%06d' $((pause / 1000000)) $((pause % 1000000)))"; fi
done
wait
