# shellcheck shell=bash
# One more address of this node in a network that it has a leg in, now and after every boot: where the cluster's proxy leads to pods.
#
# Input: ADDRESS    the address with its network's prefix length, such as 10.100.102.40/24
#        INTERFACE  the leg, such as eth0
# Use:   bash -s -- create | update | delete | check
# Prints {"address":...,"interface":...}

address=${ADDRESS:-}
interface=${INTERFACE:-}
unit=hybrid-vnf-address-${address//\//-}.service
file=/etc/systemd/system/$unit
require_command ip iproute2
ip=$(command -v ip)

check_input() {
  is_cidr "$address" || problem "ADDRESS is '$address'; it must be an IPv4 address with a prefix length, such as 10.100.102.40/24."
  [[ $interface =~ ^[A-Za-z0-9_.-]{1,15}$ && -e /sys/class/net/$interface ]] ||
    problem "INTERFACE is '$interface', which this machine does not have; name one of its legs."
  stop_on_problems
}

has_address() { [[ $(ip -4 -oneline address show dev "$interface") == *" inet $address "* ]]; }

create() {
  check_input
  if put "$file" <<UNIT; then
# Made by hybrid-vnf; it goes with the address.
[Unit]
Description=Address $address on $interface
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$ip address replace $address dev $interface
ExecStop=-$ip address del $address dev $interface
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
  fi
  systemctl --quiet enable "$unit" >&2
  has_address || systemctl restart "$unit" >&2
  has_address || fail "$interface does not have $address after $unit has set it; 'systemctl status $unit' on the machine says more."
  printf '{"address":"%s","interface":"%s"}\n' "$address" "$interface"
}

remove() {
  [[ -f $file ]] || return 0
  systemctl --quiet disable --now "$unit" >&2
  rm -f -- "$file"
  systemctl daemon-reload
}

check() {
  has_address || differs "$interface has lost the address $address."
}

act address.sh "$@"
