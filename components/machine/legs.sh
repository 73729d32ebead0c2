# shellcheck shell=bash
# Waits until this machine has finished booting, then prints its IPv4 legs as JSON:
#   [{"interface":"eth0","address":"10.100.101.10","prefix":24,"mac":"02:42:0a:64:65:0a"}]
# A leg is an address of global scope on an interface that leads out of the machine: bridges and tunnels that
# Docker, Kubernetes or libvirt made for their own use are left out.
#
# Input: BOOT_TIMEOUT  seconds to wait for the end of the boot (default 180)
# Use:   bash -s -- create | update | delete   (delete has nothing to undo)

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

print_legs() {
  local interface family address rest prefix separator=
  printf '['
  while read -r _ interface family address rest; do
    [[ $family == inet ]] || continue
    interface=${interface%%@*}
    internal "$interface" && continue
    case $address in
      */*) prefix=${address#*/} ;;
      *) prefix=32 ;; # point to point: the word after it is the peer
    esac
    printf '%s{"interface":"%s","address":"%s","prefix":%d,"mac":"%s"}' \
      "$separator" "$interface" "${address%/*}" "$prefix" "$(<"/sys/class/net/$interface/address")"
    separator=,
  done < <(ip -4 -oneline address show scope global)
  printf ']\n'
}

create() {
  local limit=${BOOT_TIMEOUT:-180}
  is_number "$limit" 1 99999 || fail "BOOT_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 99999."
  wait_for_boot "$limit"
  print_legs
}

act legs.sh "$@"
