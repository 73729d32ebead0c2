# shellcheck shell=bash
# One static route of this machine: DESTINATION via NEXT_HOP, in the kernel now and after every boot.
# A systemd unit of its own carries it, so that no other file of the machine's network configuration is touched.
# Several owners may ask for the same route: it is there once, and goes with the last of them. Who is new is refused when
# the others' packets go elsewhere; an owner that is known already moves the route, for its router may have moved.
#
# Input: DESTINATION  an IPv4 network, such as 10.100.102.0/24
#        NEXT_HOP     an address on a network that this machine is connected to
#        OWNER        who asks for the route: any text that nobody else has
# Use:   bash -s -- create | update | delete | check
# Prints {"destination":...,"nextHop":...,"interface":...,"source":...}
#
# delete leaves a route alone whose next hop is no longer NEXT_HOP: somebody has replaced it since.

destination=${DESTINATION:-}
next_hop=${NEXT_HOP:-}
owner=${OWNER:-}
owners=/etc/hybrid-vnf/routes/${destination//\//-}
own=$owners/$(sha256sum <<<"$owner" | cut -c1-16)
unit=hybrid-vnf-route-${destination//\//-}.service
file=/etc/systemd/system/$unit
require_command ip iproute2
ip=$(command -v ip)

number() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%d\n' $(((a << 24) | (b << 16) | (c << 8) | d))
}

dotted() { printf '%d.%d.%d.%d\n' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }

check_input() {
  local address=${destination%/*} length=${destination#*/} first
  if ! is_cidr "$destination"; then
    problem "DESTINATION is '$destination'; it must be an IPv4 network such as 10.100.102.0/24."
  else
    first=$(dotted $(($(number "$address") & (0xffffffff << (32 - length)) & 0xffffffff)))
    [[ $first == "$address" ]] ||
      problem "DESTINATION '$destination' has host bits set; the network is $first/$length."
    ((length > 0)) ||
      problem "DESTINATION '$destination' is the default route, which belongs to the machine's platform; name a smaller network."
  fi
  is_address "$next_hop" ||
    problem "NEXT_HOP is '$next_hop'; it must be an IPv4 address such as 10.100.101.10."
  [[ -n $owner && $owner != *$'\n'* ]] ||
    problem "OWNER is '$owner'; it must be one line of text that names who asks for the route."
  stop_on_problems
}

# The networks that this machine is connected to, for messages: "eth0 10.100.101.0/24, eth1 ...".
connected() { ip -4 -oneline route show scope link proto kernel | awk '{ printf "%s%s %s", s, $3, $1; s = ", " }'; }

# One update of the owners at a time, for several programs may be at work on this machine.
alone() {
  exec 9>/run/hybrid-vnf-routes.lock
  flock 9
}

# Prints the owners beside this one, a line each, with the next hop that they asked for: "10.100.101.10 OWNER".
others() {
  local one
  for one in "$owners"/*; do
    if [[ -f $one && $one != "$own" ]]; then cat -- "$one"; fi
  done
}

write_unit() {
  put "$file" <<UNIT || return 0
# Made by hybrid-vnf; it is replaced and removed with the route.
[Unit]
Description=Route to $destination via $next_hop
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=100

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$ip route replace $destination via $next_hop proto static
ExecReload=$ip route replace $destination via $next_hop proto static
ExecStop=-$ip route del $destination via $next_hop proto static
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
}

create() {
  local found interface source other
  check_input
  alone
  read -r other < <(others | grep -v "^$next_hop ") || true
  if [[ -n $other && ! -f $own ]]; then
    fail "The route to $destination goes via ${other%% *} for ${other#* }, and would go via $next_hop: let both lead through the same neighbour, or give them different machines."
  fi
  found=$(ip -4 -oneline route get "$next_hop" 2>/dev/null) ||
    fail "NEXT_HOP $next_hop cannot be reached from this machine; it must be on a connected network ($(connected))."
  [[ $found != local* ]] || fail "NEXT_HOP $next_hop is this machine's own address; name the next machine's."
  [[ $found != *" via "* ]] ||
    fail "NEXT_HOP $next_hop is not on a network that this machine is connected to ($(connected)); choose an address on one of them."
  [[ -z $(ip -4 route show exact "$destination" proto kernel) ]] ||
    fail "DESTINATION $destination is a network that this machine is itself connected to ($(connected)); no route is needed."
  interface=$(sed -n 's/.* dev \([^ ]*\).*/\1/p' <<<"$found")
  source=$(sed -n 's/.* src \([^ ]*\).*/\1/p' <<<"$found")

  put "$own" <<<"$next_hop $owner" || true
  write_unit
  systemctl --quiet enable "$unit" >&2
  if systemctl --quiet is-active "$unit"; then
    systemctl reload "$unit" >&2 # replaces in place: no moment without a route
  else
    systemctl reset-failed "$unit" 2>/dev/null || true
    systemctl start "$unit" >&2
  fi
  [[ $(ip -4 route show exact "$destination") == *"via $next_hop "* ]] ||
    fail "The kernel does not show the route to $destination via $next_hop after $unit has set it; 'systemctl status $unit' on the machine says more."
  printf '{"destination":"%s","nextHop":"%s","interface":"%s","source":"%s"}\n' "$destination" "$next_hop" "$interface" "$source"
}

remove() {
  local other
  check_input
  alone
  if [[ -f $own && $(<"$own") != "$next_hop $owner" ]]; then
    say "The route to $destination no longer goes via $next_hop; it is left as it is."
    return 0
  fi
  rm -f -- "$own"
  read -r other < <(others) || true
  if [[ -n $other ]]; then
    say "The route to $destination stays, for others need it."
    next_hop=${other%% *}
    write_unit
    systemctl reload "$unit" >&2
    return 0
  fi
  rm -rf -- "$owners"
  rmdir --ignore-fail-on-non-empty -- /etc/hybrid-vnf/routes /etc/hybrid-vnf 2>/dev/null || true
  [[ -f $file ]] || return 0
  systemctl --quiet disable --now "$unit" >&2
  rm -f -- "$file"
  systemctl daemon-reload
}

check() {
  local found
  found=$(ip -4 route show exact "$destination")
  if [[ -z $found ]]; then
    differs "the route to $destination is gone; it was via $next_hop."
  elif [[ $found != *"via $next_hop "* ]]; then
    differs "the route to $destination is $(grep -oE -m 1 '(via|dev|blackhole|unreachable) [^ ]+' <<<"$found" | head -n 1); it was via $next_hop."
  fi
  if [[ ! -f $own ]] || ! systemctl --quiet is-enabled "$unit" 2>/dev/null; then
    differs "what sets the route to $destination at boot ($unit) is off; it was on."
  fi
}

act route.sh "$@"
