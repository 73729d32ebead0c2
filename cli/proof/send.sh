#!/usr/bin/env bash
# Runs on a machine of the chain that opens connections: asks for pages, opens marked connections, and traces their way.
#
# Input: OPEN         the program that opens connections (open.pl), with its own input (default none)
#        URLS         addresses that are asked for a page, how often and from which own ports (0: any), a line each: "20 0 http://10.0.0.1" (default none)
#        TARGETS      addresses that are traced, by TCP to a port, a line each: "10.0.0.1 80" (default none)
#        MOST_HOPS    how far (default 6)
# Prints sections, each behind a line `== NAME`.
set -euo pipefail

section() { printf '== %s\n' "$1"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A line for each request: the address, HTTP status (000 when there was no reply), then the page's text, base64. To wait for no reply takes
# seconds: after the first one, the others are sent side by side.
ask() {
  local url times ports number lost
  while read -r times ports url; do
    lost=
    rm -f "$work"/reply-*
    for ((number = 1; number <= times; number++)); do
      if [[ -z $lost ]]; then
        request "$number" || lost=yes
      else
        request "$number" &
        ((number % 20)) || wait
      fi
    done
    wait
    for ((number = 1; number <= times; number++)); do cat "$work/reply-$number"; done
  done <<<"$URLS"
}

# One of them, by its number; whether there was a reply.
request() {
  local page=$work/page-$1 status
  : >"$page"
  status=$(curl --silent --max-time 3 --local-port "$ports" --output "$page" --write-out '%{http_code}' "$url") || status=000
  printf '%s %s %s\n' "$url" "$status" "$(base64 --wrap=0 "$page")" >"$work/reply-$1"
  [[ $status != 000 ]]
}

# A line for each target: the target, then a hop each, `*` for one that does not answer.
trace() {
  local target port
  while read -r target port; do
    [[ -n $target ]] || continue
    printf '%s' "$target"
    traceroute -T -p "$port" -n -q 1 -w 1 -m "${MOST_HOPS:-6}" "$target" 2>/dev/null </dev/null | awk 'NR > 1 { printf " %s", $2 }'
    printf '\n'
  done <<<"${TARGETS:-}"
}

asking=
if [[ -n ${URLS:-} ]]; then
  ask >"$work/replies" &
  asking=$!
fi
trace >"$work/traces" &
tracing=$!
# Marked connections come behind the requests, so that those who watch see both; not behind such as get no reply.
for ((turn = 0; turn < 40; turn++)); do
  if [[ -z $asking ]] || ! kill -0 "$asking" 2>/dev/null; then break; fi
  sleep 0.05
done
section opened
perl /dev/fd/3 3<<<"${OPEN:-}"
wait "$tracing"
section traces
cat "$work/traces"
if [[ -n $asking ]]; then
  wait "$asking"
  section replies
  cat "$work/replies"
fi
