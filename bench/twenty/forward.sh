# shellcheck shell=bash
# A network function of the bench: this machine forwards IPv4 packets between its legs.
# Use:   bash -s -- create | update | delete

create() { sysctl --quiet --write net.ipv4.ip_forward=1 >&2; }

act forward.sh "$@"
