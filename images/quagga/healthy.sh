#!/usr/bin/env bash
# For probes: ends 0 when FRR and each of its daemons answer, FRR knows every route that start.sh was given, and the way between the interfaces is
# open where the node has a filter; otherwise says what is missing and ends 1.
set -euo pipefail

state=/run/hybrid-vnf
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

[[ -f $state/ready ]] || fail "The router has not started yet."
table=$(vtysh -c 'show ip route json' 2>&1) || fail "FRR does not answer: $table"

while read -r daemon; do
  vtysh -d "$daemon" -c 'show version' >/dev/null 2>&1 || fail "FRR's $daemon does not answer."
done <"$state/daemons"

# A static route is known when FRR holds it and either it or the connected network of the same interface is in use.
while read -r prefix word target; do
  found=$(jq -r --arg prefix "$prefix" --arg word "$word" --arg target "$target" '
    (.[$prefix] // []) as $routes
    | def through: .nexthops // [] | any(if $word == "dev" then .interfaceName == $target else .ip == $target end);
    if ($routes | any(.protocol == "static" and through) | not) then "unknown"
    elif ($routes | any(.selected and (.protocol == "static" or .protocol == "connected") and through)) then "in use"
    else "not in use" end' <<<"$table" 2>/dev/null) || fail "FRR does not answer: zebra gave no routing table."
  case $found in
    "in use") ;;
    unknown) fail "FRR does not know the route $prefix $word $target." ;;
    *) fail "FRR knows the route $prefix $word $target but uses another one for that network: $(vtysh -c "show ip route $prefix" | sed -n 's/^ *Known via "\([^"]*\)".* best.*/\1/p')." ;;
  esac
done <"$state/routes"

open=$(nft list set inet hybrid_vnf open 2>/dev/null) || exit 0 # a node without a filter forwards anyway
while read -r interface; do
  [[ $open == *"\"$interface\""* ]] || fail "The node's filter is closed for $interface."
done <"$state/interfaces"
