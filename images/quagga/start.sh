#!/usr/bin/env bash
# A router: FRR with the routes and the routing protocols it is given, in the foreground.
#
#   INTERFACES  the interfaces it forwards between: eth0,eth1
#   ROUTES      its routes, separated by commas, each `CIDR NEXTHOP` or `CIDR dev IFACE`:
#               10.100.102.0/24 dev eth1,10.100.103.0/24 10.100.102.254      (may be empty)
#   ROUTES_FILE a file that holds them, where ROUTES is not set
#   DAEMONS     FRR's daemons beside those for static routes: ospfd,bfdd  (may be empty; of ospfd, ripd, bgpd, bfdd)
#   PROTOCOLS_FILE a file with FRR's own lines for these daemons, which follow the routes in frr.conf (may be left out)
#
# It runs in the network of its node, so it adds and removes its own routes and nothing else. Where the node keeps the way
# between its legs closed (nftables: table inet hybrid_vnf, set open), the router opens it for INTERFACES while it runs.
# Input that cannot work ends it with status 2 and one sentence for each thing that is wrong.
#
#   start.sh          runs the router
#   start.sh render   checks the input and prints the FRR configuration it would run with
#   start.sh reload   gives these routes and lines to the router that runs here, in place of those that it has: what both have stays
#                     as it is; what FRR refuses changes nothing
#   start.sh differs  prints a line for each route or line that the router has and was not given, or was given and has not
set -euo pipefail

state=/run/hybrid-vnf
# The filter forgets an interface after `open_for` unless it is told again, so that a killed router closes the way too.
open_for=30
open_again=10

say() { printf '%s\n' "$*" >&2; }
problem() { problems+=("$*"); }

trim() {
  local text=$1
  text=${text#"${text%%[![:space:]]*}"}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

is_address() {
  local octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
  [[ $1 =~ ^$octet(\.$octet){3}$ ]]
}

number() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%d' $(((a << 24) | (b << 16) | (c << 8) | d))
}

dotted() { printf '%d.%d.%d.%d' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }
mask() { printf '%d' $(((0xffffffff << (32 - $1)) & 0xffffffff)); }

is_listed() {
  local one
  for one in "${interfaces[@]}"; do [[ $one != "$1" ]] || return 0; done
  return 1
}

read_interfaces() {
  local entry entries=() place=0 address
  if [[ -z $(trim "${INTERFACES:-}") ]]; then
    problem "INTERFACES is empty; it must name the interfaces to forward between, such as eth0,eth1."
    return
  fi
  IFS=, read -ra entries <<<"$INTERFACES,"
  for entry in "${entries[@]}"; do
    place=$((place + 1))
    entry=$(trim "$entry")
    if [[ -z $entry ]]; then
      problem "INTERFACES is '$INTERFACES'; its entry $place is empty: take out the comma or name an interface there."
    elif ! [[ $entry =~ ^[A-Za-z0-9_.:-]{1,15}$ ]]; then
      problem "INTERFACES holds '$entry', which is no name of an interface; names are separated by commas, such as eth0,eth1."
    elif [[ $entry == lo ]]; then
      problem "INTERFACES holds 'lo', which leads nowhere; name the interfaces to forward between."
    elif is_listed "$entry"; then
      problem "INTERFACES holds '$entry' twice; name each interface once."
    elif [[ ! -e /sys/class/net/$entry ]]; then
      problem "INTERFACES holds '$entry', but there is no such interface here; there are ${present:-none}."
      interfaces+=("$entry") # so that its routes are not called unknown as well
    else
      interfaces+=("$entry")
      address=$(ip -4 -oneline address show dev "$entry" | awk '{ print $4 }')
      if [[ -z $address ]]; then
        problem "INTERFACES holds '$entry', which has no IPv4 address; give it one or leave it out."
      else
        while read -r address; do networks+=("$entry $address"); done <<<"$address"
      fi
    fi
  done
}

# Whether an address is on a network of one of the interfaces, and not an address of this router.
check_next_hop() {
  local route=$1 hop=$2 network interface address
  for network in "${networks[@]}"; do
    read -r interface address <<<"$network"
    if [[ ${address%/*} == "$hop" ]]; then
      problem "Route '$route' has this router's own address on $interface as next hop; name the next router's."
      return
    fi
  done
  for network in "${networks[@]}"; do
    read -r interface address <<<"$network"
    [[ $address == */* ]] || continue # point to point
    ((($(number "$hop") ^ $(number "${address%/*}")) & $(mask "${address#*/}"))) || return 0
  done
  problem "Route '$route' has next hop $hop, which is on no network of INTERFACES (${networks[*]:-none}); name an address on one of them."
}

read_routes() {
  local entry entries=() place=0 words=() cidr address length first one
  [[ -n $(trim "${ROUTES:-}") ]] || return 0
  IFS=, read -ra entries <<<"$ROUTES,"
  for entry in "${entries[@]}"; do
    place=$((place + 1))
    entry=$(trim "$entry")
    if [[ -z $entry ]]; then
      problem "ROUTES is '$ROUTES'; its entry $place is empty: take out the comma or put a route there."
      continue
    fi
    read -ra words <<<"$entry"
    cidr=${words[0]}
    first=
    if ! [[ $cidr =~ ^([0-9.]+)/([0-9]{1,2})$ ]] || ! is_address "${BASH_REMATCH[1]}"; then
      problem "Route '$entry' begins with '$cidr'; it must be an IPv4 network such as 10.100.102.0/24."
    else
      address=${cidr%/*}
      length=${cidr#*/}
      length=$((10#$length))
      if ((length > 32)); then
        problem "Route '$entry' has prefix length $length; it must be from 0 to 32."
      else
        first=$(dotted $(($(number "$address") & $(mask "$length"))))
        [[ $first == "$address" ]] ||
          problem "Route '$entry' has host bits set in $cidr; the network is $first/$length."
        if (($(number "$first") >> 28 == 14)) || [[ $first == 127.* ]]; then
          problem "Route '$entry' is for $first/$length, which no router forwards to a next hop; name a unicast network."
        fi
      fi
    fi

    case ${#words[@]}:${words[1]:-} in
      1:) problem "Route '$entry' has no next hop; write '$cidr NEXTHOP' or '$cidr dev IFACE'." && continue ;;
      2:dev) problem "Route '$entry' names no interface after 'dev'; write '$cidr dev IFACE'." && continue ;;
      3:dev)
        if [[ ! -e /sys/class/net/${words[2]} ]]; then
          is_listed "${words[2]}" ||
            problem "Route '$entry' leaves by '${words[2]}', but there is no such interface here; there are ${present:-none}."
        elif ! is_listed "${words[2]}"; then
          problem "Route '$entry' leaves by '${words[2]}', which is not in INTERFACES (${INTERFACES:-}); add it there or name one of those."
        fi
        one="$first/${length:-} dev ${words[2]}"
        ;;
      2:*)
        if is_address "${words[1]}"; then
          check_next_hop "$entry" "${words[1]}"
        else
          problem "Route '$entry' has '${words[1]}' as next hop; it must be an IPv4 address, or 'dev' and an interface."
        fi
        one="$first/${length:-} via ${words[1]}"
        ;;
      *) problem "Route '$entry' has too many words; write '$cidr NEXTHOP' or '$cidr dev IFACE', and a comma between routes." && continue ;;
    esac
    [[ -n $first ]] || continue
    if [[ " ${routes[*]/#/|} " == *"|$one "* ]]; then
      problem "Route '$entry' is there twice; name each route once."
    fi
    routes+=("$one")
  done
}

read_daemons() {
  local entry entries=()
  [[ -n $(trim "${DAEMONS:-}") ]] || return 0
  IFS=, read -ra entries <<<"$DAEMONS,"
  for entry in "${entries[@]}"; do
    entry=$(trim "$entry")
    case $entry in
      ospfd | ripd | bgpd | bfdd)
        if [[ " ${daemons[*]} " == *" $entry "* ]]; then problem "DAEMONS holds '$entry' twice; name each daemon once."; fi
        daemons+=("$entry")
        ;;
      *) problem "DAEMONS holds '$entry', which this router does not run; it must be ospfd, ripd, bgpd or bfdd, with commas between." ;;
    esac
  done
}

read_protocols() {
  [[ -n ${PROTOCOLS_FILE:-} ]] || return 0
  if [[ ! -r $PROTOCOLS_FILE ]]; then
    problem "PROTOCOLS_FILE is '$PROTOCOLS_FILE', which cannot be read; name a file with FRR's lines, or leave it out."
  else
    protocols=$(<"$PROTOCOLS_FILE")
    [[ -n $protocols ]] || problem "PROTOCOLS_FILE is '$PROTOCOLS_FILE', which holds no line; put FRR's lines there, or leave it out."
  fi
}

read_input() {
  problems=() interfaces=() networks=() routes=() daemons=() protocols=
  present=$(cd /sys/class/net && for one in *; do [[ $one == lo || ! -e $one/ifindex ]] || printf '%s ' "$one"; done)
  present=${present% }
  present=${present// /, }
  if [[ -z ${ROUTES+set} && -n ${ROUTES_FILE:-} ]]; then ROUTES=$(<"$ROUTES_FILE"); fi
  read_interfaces
  read_routes
  read_daemons
  read_protocols
  if ((${#problems[@]})); then
    printf '%s\n' "${problems[@]}" >&2
    exit 2
  fi
}

# Plain kernel routes instead of next-hop objects: nothing of the router's is left on the node but its routes.
frr_configuration() {
  local route prefix target
  cat <<CONF
frr defaults traditional
hostname quagga
log file /var/log/frr/frr.log warnings
service integrated-vtysh-config
no zebra nexthop kernel enable
!
CONF
  for route in "${routes[@]}"; do
    read -r prefix _ target <<<"$route"
    printf 'ip route %s %s\n' "$prefix" "$target"
  done
  if [[ -n $protocols ]]; then printf '!\n%s\n' "$protocols"; fi
  printf '!\nend\n'
}

# No daemon listens on TCP for a terminal (-P 0): the router shares the node's network. bgpd listens for its neighbours, on all of the node's
# addresses, for on a list of some (-l) FRR 8.4 takes no neighbour with a password. mgmtd exists from FRR 8.5 on.
frr_daemons() {
  local daemon
  printf 'zebra=yes\nstaticd=yes\n'
  if [[ -x /usr/lib/frr/mgmtd ]]; then printf 'mgmtd=yes\nmgmtd_options="-A 127.0.0.1 -P 0"\n'; fi
  for daemon in "${daemons[@]}"; do
    printf '%s=yes\n%s_options="-A 127.0.0.1 -P 0"\n' "$daemon" "$daemon"
  done
  printf 'vtysh_enable=yes\nzebra_options="-A 127.0.0.1 -P 0 -s 90000000 -f /etc/frr/zebra.conf"\nstaticd_options="-A 127.0.0.1 -P 0"\n'
}

# FRR names the line that it refuses; no password of it is told.
masked() { sed -E 's/((password|md5|key-string)( [0-9]+)?) [^ ]+/\1 ***/'; }

# What FRR starts with the next time, if it takes it. By its status alone, vtysh takes some files that it refuses a line of.
check_configuration() {
  local said
  umask 027
  frr_configuration >/etc/frr/frr.conf.new
  umask 022
  chown frr:frr /etc/frr/frr.conf.new
  if ! said=$(vtysh -C -f /etc/frr/frr.conf.new 2>&1) || [[ $said == *"% "* ]]; then
    masked <<<"$said" >&2
    say "FRR refuses the configuration, by its words above."
    exit 1
  fi
}

# The routes are what probes ask for.
keep_configuration() {
  mv -f -- /etc/frr/frr.conf.new /etc/frr/frr.conf
  if ((${#routes[@]})); then printf '%s\n' "${routes[@]}"; fi >"$state/routes"
}

write_configuration() {
  umask 027
  frr_daemons >/etc/frr/daemons
  # zebra makes next-hop objects for what it finds at its start, before it is given frr.conf.
  echo 'no zebra nexthop kernel enable' >/etc/frr/zebra.conf
  echo 'service integrated-vtysh-config' >/etc/frr/vtysh.conf
  chown frr:frr /etc/frr /etc/frr/daemons /etc/frr/zebra.conf
  chown frr:frrvty /etc/frr/vtysh.conf
  umask 022
  mkdir -p "$state"
  rm -f "$state"/*
  check_configuration
  keep_configuration
  printf '%s\n' "${interfaces[@]}" >"$state/interfaces"
  if ((${#daemons[@]})); then printf '%s\n' "${daemons[@]}"; fi >"$state/daemons"
}

# The routes that FRR has, and those that it is to have, as lines of its configuration.
running_routes() {
  local running
  running=$(vtysh -c 'show running-config') || {
    say "FRR does not answer: $running"
    exit 1
  }
  sed -nE 's/^(ip route .*[^ ]) *$/\1/p' <<<"$running" | sort
}
given_routes() { frr_configuration | grep '^ip route ' | sort || true; }

# Compares what FRR runs with a file, or makes it that of the file without another start of a daemon. What is said before the first `!`, of
# the whole router, is FRR's own affair: it tells of the node's IPv6 forwarding there, which frr-reload.py would switch on. The file is the
# frr.conf of a folder of its own, for else FRR is made to write what it runs over /etc/frr/frr.conf.
frr_reload() { # --test | --reload FILE
  local running folder=/run/frr/compared
  running=$(vtysh -c 'show running-config') || {
    say "FRR does not answer: $running"
    return 1
  }
  mkdir -p "$folder"
  cp /etc/frr/vtysh.conf "$folder"
  (umask 077 && {
    sed -n '/^frr version/,/^!/p' <<<"$running"
    sed '1,/^!/d' "$2"
  } >"$folder/frr.conf")
  /usr/lib/frr/frr-reload.py "$1" --stdout --log-level error --confdir "$folder" "$folder/frr.conf" 2>&1 | masked
}

# New ones first: where one follows another, no packet finds neither.
reload_routes() {
  local running line commands=()
  running=$(running_routes)
  while read -r line; do [[ -z $line ]] || commands+=(-c "$line"); done < <(comm -13 <(printf '%s\n' "$running") <(given_routes))
  while read -r line; do [[ -z $line ]] || commands+=(-c "no $line"); done < <(comm -23 <(printf '%s\n' "$running") <(given_routes))
  ((${#commands[@]})) || return 0
  vtysh -c 'configure terminal' "${commands[@]}" >&2 || {
    say "FRR does not take the routes; its words are above."
    exit 1
  }
}

reload() {
  local left
  [[ -f $state/ready ]] || {
    say "The router has not started yet."
    exit 1
  }
  check_configuration
  reload_routes
  if [[ -n $protocols ]]; then
    frr_reload --reload /etc/frr/frr.conf.new >&2 || true
    left=$(differing_lines /etc/frr/frr.conf.new)
    if [[ -n $left ]]; then
      frr_reload --reload /etc/frr/frr.conf >&2 || true
      say "FRR does not take these lines, and goes on with what it had:"$'\n'"$left"
      exit 1
    fi
  fi
  keep_configuration
}

# What FRR would change to have a file's configuration; static routes are told of by themselves.
differing_lines() {
  frr_reload --test "$1" | awk '
    function tell() {
      if (line != "" && line !~ /^ip route /) print "the line \"" line "\" " told
      line = ""
    }
    /^Lines To Delete/ { told = "is in FRR; it was not."; gone = 1; next }
    /^Lines To Add/ { tell(); told = "is not in FRR; it was."; gone = 0; next }
    /^=+$/ || /^ *$/ || !told { next }
    !/^ / { tell() }
    { indented = sub(/^ +/, ""); if (gone) sub(/^no /, ""); line = indented ? line ": " $0 : $0 }
    END { tell() }'
}

differs() {
  local running
  running=$(running_routes)
  comm -13 <(printf '%s\n' "$running") <(given_routes) | sed -n "s/^ip route \(.*\)/the route \1 is not in FRR; it was./p"
  comm -23 <(printf '%s\n' "$running") <(given_routes) | sed -n "s/^ip route \(.*\)/the route \1 is in FRR; it was not./p"
  if [[ -n $protocols ]]; then
    frr_configuration >/run/frr/given.conf
    differing_lines /run/frr/given.conf
  fi
}

forward() {
  local file files=(ip_forward) interface
  for interface in "${interfaces[@]}"; do files+=("conf/$interface/forwarding"); done
  for file in "${files[@]}"; do
    if [[ $(<"/proc/sys/net/ipv4/$file") != 1 ]] && ! { echo 1 >"/proc/sys/net/ipv4/$file"; } 2>/dev/null; then
      say "net/ipv4/$file is off and cannot be switched on from here; run the router privileged or set it on the node."
      exit 1
    fi
  done
}

# What a router that was killed has left: zebra would take it over as its own and keep it. The protocols are those that zebra marks
# routes of staticd, bgpd, ospfd and ripd by (zebra/rt_netlink.h), and only those that leave by this router's interfaces are meant.
clear_left() {
  local interface protocol left
  for interface in "${interfaces[@]}"; do
    for protocol in 196 186 188 189; do
      left=$(ip -4 route show dev "$interface" proto "$protocol")
      [[ -n $left ]] || continue
      say "Routes that a killed router has left on $interface are removed: $(awk '{ printf "%s%s", s, $1; s = ", " }' <<<"$left")."
      ip -4 route flush dev "$interface" proto "$protocol"
    done
  done
}

# One transaction, so that the way is never closed while its time is set anew.
open_way() {
  local set elements interface
  set="inet hybrid_vnf open"
  if ! nft list set inet hybrid_vnf open >/dev/null 2>&1; then
    [[ -f $state/unfiltered ]] ||
      say "This node has no filter between its legs (nftables set '$set'); it forwards with or without this router."
    : >"$state/unfiltered"
    rm -f "$state/filter"
    return 0
  fi
  elements=
  for interface in "${interfaces[@]}"; do elements+="${elements:+, }\"$interface\""; done
  if printf '%s\n' "add element $set { ${elements//\" /\" } }" "delete element $set { $elements }" \
    "add element $set { ${elements//\",/\" timeout ${open_for}s,} timeout ${open_for}s }" | nft -f - >&2; then
    [[ -f $state/filter ]] || say "The way between ${interfaces[*]} is open."
    : >"$state/filter"
    rm -f "$state/unfiltered"
  else
    say "The node's filter cannot be opened (see above); the next try is in $open_again s."
  fi
}

close_way() {
  local interface
  for interface in "${interfaces[@]}"; do
    nft delete element inet hybrid_vnf open "{ \"$interface\" }" 2>/dev/null || true
  done
}

# zebra takes its routes out of the kernel when it ends; whatever a killed one has left goes here.
stop() {
  trap '' TERM INT
  local prefix interface protocol
  rm -f "$state/ready"
  if [[ -f $state/filter ]]; then
    close_way
    say "The way between ${interfaces[*]} is closed."
  fi
  [[ -z ${watch:-} ]] || kill "$watch" 2>/dev/null || true
  /usr/lib/frr/watchfrr.sh stop all >&2 || true
  while read -r prefix _; do
    ip -4 route flush exact "$prefix" proto 196 2>/dev/null || true
  done <"$state/routes"
  for interface in "${interfaces[@]}"; do
    for protocol in 186 188 189; do ip -4 route flush dev "$interface" proto "$protocol" 2>/dev/null || true; done
  done
  [[ -z ${follow:-} ]] || kill "$follow" 2>/dev/null || true
}

run() {
  local pause status=0
  write_configuration
  forward
  clear_left
  # The daemons run in the background, so their warnings come by way of a file.
  (umask 027 && : >/var/log/frr/frr.log)
  chown frr:frr /var/log/frr /var/log/frr/frr.log
  tail --quiet --follow=name --lines=0 /var/log/frr/frr.log 2>/dev/null >&2 &
  follow=$!

  watch=
  trap 'stop; exit 0' TERM INT
  /usr/lib/frr/watchfrr.sh start all >&2
  if ! vtysh -c 'show zebra' >/dev/null 2>&1; then
    stop
    say "zebra did not start; the router needs the capabilities NET_ADMIN, NET_RAW and SYS_ADMIN (privileged in Kubernetes)."
    exit 1
  fi
  /usr/lib/frr/watchfrr --loglevel 4 zebra staticd "${daemons[@]}" >&2 &
  watch=$!
  open_way
  : >"$state/ready"
  say "The router runs: ${interfaces[*]}; ${#routes[@]} route(s)${daemons[*]:+; ${daemons[*]}}."
  while kill -0 "$watch" 2>/dev/null; do
    sleep "$open_again" &
    pause=$!
    wait -n "$watch" "$pause" || true
    kill -0 "$watch" 2>/dev/null && open_way
  done
  wait "$watch" || status=$?
  stop
  say "FRR has ended by itself (status $status)."
  exit 1
}

case ${1:-run} in
  run)
    read_input
    run
    ;;
  render)
    read_input
    frr_configuration
    ;;
  reload | differs)
    read_input
    "$1"
    ;;
  *)
    say "'$1' is no action of start.sh; use it without one, or with render, reload or differs."
    exit 2
    ;;
esac
