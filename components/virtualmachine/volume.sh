# shellcheck shell=bash
# The folder on this node that a volume of the cluster is, for what one virtual machine writes.
#
# Input: FOLDER  its absolute path, below /var/lib/hybrid-vnf/volumes
#        OWNER   number of the user and group that write there
# Use:   bash -s -- create | update | delete | check
# Prints {"folder":...}

folder=${FOLDER:-}
owner=${OWNER:-}

check_input() {
  [[ $folder =~ ^/var/lib/hybrid-vnf/volumes/[a-z0-9-]+$ ]] ||
    problem "FOLDER is '$folder'; it must be a folder of /var/lib/hybrid-vnf/volumes."
  is_number "$owner" 1 65535 || problem "OWNER is '$owner'; it must be a user's number from 1 to 65535."
  stop_on_problems
}

create() {
  check_input
  install --directory --mode 700 --owner "$owner" --group "$owner" "$folder"
  printf '{"folder":"%s"}\n' "$folder"
}

remove() {
  check_input
  rm -rf -- "$folder"
  rmdir --ignore-fail-on-non-empty -- /var/lib/hybrid-vnf/volumes /var/lib/hybrid-vnf 2>/dev/null || true
}

check() {
  [[ -d $folder ]] || differs "the folder $folder is gone; a virtual machine's disk was there."
}

act volume.sh "$@"
