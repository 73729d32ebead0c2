# shellcheck shell=bash
# Keeps the way between a node's legs closed: what comes in by one leg and would go out by another, or by the same one, is dropped
# unless both are open. No leg tells a neighbour of a shorter way (ICMP redirects), so that what a router is to forward keeps coming
# to it. Forwarding itself stays on, so that pods keep their way out. A systemd unit puts the filter in place before the network is up.
#
# The table's contract: a router function adds its interfaces to the set "open" (with a timeout that it keeps refreshing):
#   nft add element inet hybrid_vnf open '{ eth0 timeout 10s, eth1 timeout 10s }'
# That set is never touched here, so that running this again does not cut a router's path.
#
# Input: LEGS  the legs' interfaces, separated by spaces
# Use:   bash -s -- create | update | delete | check
# Prints {"legs":[...]}

read -r -a legs <<<"${LEGS:-}"
require_command nft nftables
nft=$(command -v nft)

rules=/etc/hybrid-vnf/legs.nft
unit=hybrid-vnf-legs-filter.service
file=/etc/systemd/system/$unit
settings=/etc/sysctl.d/90-hybrid-vnf-legs.conf
before=/etc/hybrid-vnf/redirects.before

check_input() {
  local leg
  ((${#legs[@]})) || problem "LEGS is empty; name the interfaces that nothing may be forwarded between, such as 'eth0 eth1'."
  for leg in "${legs[@]}"; do
    if ! [[ $leg =~ ^[A-Za-z0-9_.-]{1,15}$ && $leg != . && $leg != .. ]]; then
      problem "LEGS has '$leg'; an interface's name is at most 15 letters, digits, '.', '_' and '-'."
    elif [[ ! -e /sys/class/net/$leg ]]; then
      problem "LEGS has '$leg'; this machine's interfaces are $(printf '%s\n' /sys/class/net/* | sed 's|.*/||' | paste --serial --delimiters=' ')."
    fi
  done
  stop_on_problems
}

# One transaction, whatever is there already: at no moment is the way open.
write_rules() {
  local elements
  elements=$(printf '"%s", ' "${legs[@]}")
  put "$rules" <<RULES || true
add table inet hybrid_vnf
add set inet hybrid_vnf legs { type ifname; }
add set inet hybrid_vnf open { type ifname; flags timeout; }
add chain inet hybrid_vnf forward { type filter hook forward priority filter - 10; policy accept; }
flush chain inet hybrid_vnf forward
flush set inet hybrid_vnf legs
add element inet hybrid_vnf legs { ${elements%, } }
add rule inet hybrid_vnf forward iifname @legs oifname @legs iifname != @open counter drop
add rule inet hybrid_vnf forward iifname @legs oifname @legs oifname != @open counter drop
RULES
}

# Redirects are sent unless both the leg's setting and that of all are off. What they were is kept, for the end.
write_settings() {
  local leg key
  for leg in all "${legs[@]}"; do
    key=net/ipv4/conf/$leg/send_redirects
    grep -qs "^$key=" "$before" || printf '%s=%s\n' "$key" "$(sysctl --values "$key")" >>"$before"
  done
  printf 'net/ipv4/conf/%s/send_redirects=0\n' all "${legs[@]}" >"$settings"
  sysctl --quiet --load="$settings" >&2 || fail "The kernel does not take the settings in $settings; its words are above."
}

write_unit() {
  cat >"$file" <<UNIT
# Made by hybrid-vnf.
[Unit]
Description=Filter between this node's legs
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target
After=local-fs.target nftables.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$nft --file $rules
ExecReload=$nft --file $rules
ExecStop=-$nft delete table inet hybrid_vnf

[Install]
WantedBy=multi-user.target
UNIT
}

create() {
  check_input
  write_rules
  "$nft" --check --file "$rules" >&2 || fail "The kernel does not take the filter's rules; its words are above."
  write_settings
  write_unit
  systemctl daemon-reload
  systemctl --quiet --no-reload enable "$unit" >&2
  systemctl reload-or-restart "$unit" >&2
  jq --null-input --compact-output '{legs: $ARGS.positional}' --args "${legs[@]}"
}

remove() {
  if [[ -f $file ]]; then
    systemctl --quiet disable --now "$unit" >&2
    [[ ! -f $before ]] || sysctl --quiet --ignore --load="$before" >&2 || say "Some settings in $before could not be put back."
    rm -f -- "$file" "$rules" "$settings" "$before"
    systemctl daemon-reload
  fi
}

check() {
  local found rules leg
  if found=$("$nft" list table inet hybrid_vnf 2>/dev/null); then
    rules=$(grep -c 'counter packets .* drop' <<<"$found") || true
    ((rules == 2)) || differs "the filter between its legs has $rules rules; it had 2."
    found=$("$nft" list set inet hybrid_vnf legs)
    for leg in "${legs[@]}"; do
      [[ $found == *"\"$leg\""* ]] || differs "the filter between its legs leaves out $leg; it was held for ${legs[*]}."
    done
  else
    differs "the filter between its legs is gone; it was held for ${legs[*]}."
  fi
  settings_differ "$settings"
}

act legs-filter.sh "$@"
