# shellcheck shell=bash
# What sets a function of a preview's up; it never runs.
create() { sysctl --quiet --write net.ipv4.ip_forward=1; }
delete() { :; }
act "$@"
