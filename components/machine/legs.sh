# shellcheck shell=bash
# Waits until this machine has finished booting, then prints its IPv4 legs as JSON:
#   [{"interface":"eth0","address":"10.100.101.10","prefix":24,"mac":"02:42:0a:64:65:0a"}]
# A leg is an address of global scope on an interface that leads out of the machine: bridges and tunnels that
# Docker, Kubernetes or libvirt made for their own use are left out.
#
# Input: BOOT_TIMEOUT  seconds to wait for the end of the boot (default 180)
# Use:   bash -s -- create | update | delete | check   (delete has nothing to undo)
#
# What it finds first after a boot is kept until the next one: a leg whose address was changed since gets it back.

kept=/run/hybrid-vnf-legs

wait_for_boot() {
  local limit=$1 started=$SECONDS state left

  # Prints the state that the boot ended in, and fails for every state but "running".
  state=$(timeout "$limit" systemctl is-system-running --wait) || true
  case $state in
    running) ;;
    degraded)
      say "The machine has booted, but these units failed (its own log says why: journalctl -u UNIT):"
      systemctl list-units --state=failed --plain --no-legend --no-pager | awk '{ print "  " $1 }' >&2
      ;;
    '' | initializing | starting)
      say "Still waiting for:"
      systemctl list-jobs --no-legend --no-pager | awk '{ print "  " $2 " (" $4 ")" }' >&2 || true
      fail "The machine has not finished booting within ${limit} s (BOOT_TIMEOUT); it is '${state:-starting}': look at the units above or allow more time."
      ;;
    *)
      fail "The machine is '${state}' after boot; 'running' or 'degraded' is needed: look at its console."
      ;;
  esac

  if command -v cloud-init >/dev/null 2>&1; then
    left=$((limit - (SECONDS - started)))
    timeout "$((left > 1 ? left : 1))" cloud-init status --wait >&2 ||
      say "cloud-init did not end well; the machine is used as it is: 'cloud-init status --long' on it says more."
  fi
}

# Whether an interface belongs to something that runs on the machine, and is no way out of it.
internal() {
  case $1 in
    lo | docker0 | docker_gwbridge | cni[0-9]* | flannel* | cali* | cilium* | kube-* | nodelocaldns | virbr[0-9]* | podman[0-9]*) return 0 ;;
  esac
  [[ $1 =~ ^br-[0-9a-f]{12}$ ]] && return 0
  [[ $(ip -details -oneline link show dev "$1") =~ \ (vxlan\ id|dummy\ |tun\ type|ipip\ |gre\ |wireguard\ ) ]]
}

# A line for each leg: "eth0 10.100.101.10 24".
list_legs() {
  local interface family address rest prefix
  while read -r _ interface family address rest; do
    [[ $family == inet ]] || continue
    interface=${interface%%@*}
    internal "$interface" && continue
    case $address in
      */*) prefix=${address#*/} ;;
      *) prefix=32 ;; # point to point: the word after it is the peer
    esac
    printf '%s %s %d\n' "$interface" "${address%/*}" "$prefix"
  done < <(ip -4 -oneline address show scope global)
}

print_legs() {
  local interface address prefix separator=
  printf '['
  while read -r interface address prefix; do
    printf '%s{"interface":"%s","address":"%s","prefix":%d,"mac":"%s"}' \
      "$separator" "$interface" "$address" "$prefix" "$(<"/sys/class/net/$interface/address")"
    separator=,
  done < <(list_legs)
  printf ']\n'
}

has() { [[ $(ip -4 -oneline address show) == *" $1/"* ]]; }

# The legs that have lost their address, as they were.
lost_legs() {
  local interface address prefix
  [[ -f $kept ]] || return 0
  while read -r interface address prefix; do has "$address" || printf '%s %s %d\n' "$interface" "$address" "$prefix"; done <"$kept"
}

# What an interface has in the network of an address: "10.100.102.99/24".
beside() { ip -4 -oneline address show dev "$1" to "$2" scope global 2>/dev/null | awk '{ print $4; exit }'; }

restore_legs() {
  local interface address prefix strange
  while read -r interface address prefix; do
    strange=$(beside "$interface" "$address/$prefix")
    ip address add "$address/$prefix" broadcast + dev "$interface" ||
      fail "The leg $interface can't be given its address $address/$prefix back; the kernel's words are above."
    if [[ $strange ]]; then
      ip address del "$strange" dev "$interface"
      has "$address" || ip address add "$address/$prefix" broadcast + dev "$interface" # it went with the first of its network
    fi
    say "$interface has its address $address/$prefix again${strange:+, in place of $strange}."
  done < <(lost_legs)
}

create() {
  local limit=${BOOT_TIMEOUT:-180}
  is_number "$limit" 1 99999 || fail "BOOT_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 99999."
  wait_for_boot "$limit"
  restore_legs
  if [[ ! -f $kept ]] && put "$kept" < <(list_legs); then :; fi
  print_legs
}

check() {
  local interface address prefix now
  while read -r interface address prefix; do
    now=$(beside "$interface" "$address/$prefix")
    differs "the address of $interface is ${now:-gone}; it was $address/$prefix."
  done < <(lost_legs)
}

act legs.sh "$@"
