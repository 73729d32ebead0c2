#!/usr/bin/env bash
# Runs on a machine of the chain: tells its addresses, routes, neighbours and settings as they are, and what passes its legs meanwhile.
# It changes nothing.
#
# Input: WATCH      the program that watches (watch.pl), with its own input
#        LEGS       the interfaces of the chain, commas between
#        QUESTIONS  what the kernel is asked about routes, a line each: "10.0.0.1 from 10.1.0.1 iif eth0"
# Says "ready PROCESS" on stderr once it watches; that process ends its watch on SIGTERM. Prints sections, each behind a line `== NAME`.
set -euo pipefail
: "${WATCH:?}" "${LEGS:?}"

section() { printf '== %s\n' "$1"; }

# The packet filter with its counters, as far as this machine has one that nft can show.
filter() { if command -v nft >/dev/null; then nft list ruleset 2>/dev/null || true; fi; }

# In the kernel's words: an answer, or why there is none.
route_to() {
  local question said
  while read -r question; do
    [[ -n $question ]] || continue
    # shellcheck disable=SC2086 # a question has several words
    said=$(ip -4 -json route get $question 2>&1 | tr -d '\n') || true
    printf '%s\t%s\n' "$question" "$said"
  done <<<"${QUESTIONS:-}"
}

settings() {
  local leg
  printf 'ip_forward %s\n' "$(</proc/sys/net/ipv4/ip_forward)"
  for leg in all ${LEGS//,/ }; do
    [[ -d /proc/sys/net/ipv4/conf/$leg ]] || continue
    printf 'forwarding.%s %s\n' "$leg" "$(<"/proc/sys/net/ipv4/conf/$leg/forwarding")"
    printf 'rp_filter.%s %s\n' "$leg" "$(<"/proc/sys/net/ipv4/conf/$leg/rp_filter")"
  done
}

# Local ports of sockets that listen (proc(5), net/tcp: state 0A), as hexadecimal ADDRESS:PORT.
listening() { awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null || true; }

work=$(mktemp -d)
watching=
trap '[[ -z $watching ]] || kill "$watching" 2>/dev/null || true; rm -rf "$work"' EXIT

section filter-before
filter
perl /dev/fd/3 3<<<"$WATCH" >"$work/watched" &
watching=$!
section addresses
ip -4 -json address show
section links
ip -json link show
section rules
ip -4 -json rule show
section routes
ip -4 -json route show table all
section settings
settings
section listening
listening
section questions
route_to
wait "$watching"
watching=
section neighbours
ip -4 -json neighbour show
section filter-after
filter
section watched
cat "$work/watched"
