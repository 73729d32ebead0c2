#!/usr/bin/env bash
# Makes this machine forward IPv4 packets between its legs, now and after every boot.
# Use:   bash -s -- create | update | delete
set -euo pipefail

file=/etc/sysctl.d/90-hybrid-vnf-forward.conf

case ${1:-} in
  create | update)
    echo 'net.ipv4.ip_forward = 1' >"$file"
    sysctl --quiet --load "$file"
    ;;
  delete)
    rm -f -- "$file"
    sysctl --quiet --write net.ipv4.ip_forward=0
    ;;
  *)
    echo "'${1:-}' is no action of forward.sh; use create, update or delete." >&2
    exit 1
    ;;
esac
