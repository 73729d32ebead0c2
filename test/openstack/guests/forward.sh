# shellcheck shell=bash
# Makes this machine forward IPv4 packets between its legs, now and after every boot.
# Use:   bash -s -- create | update | delete

file=/etc/sysctl.d/90-hybrid-vnf-forward.conf

create() {
  put "$file" <<<'net.ipv4.ip_forward = 1' || true
  sysctl --quiet --load "$file"
}

remove() {
  rm -f -- "$file"
  sysctl --quiet --write net.ipv4.ip_forward=0
}

act forward.sh "$@"
