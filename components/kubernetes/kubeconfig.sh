#!/usr/bin/env bash
# Prints the administrator's kubeconfig, a secret, the same bytes every time.
#
# Input: ADDRESS  the address that the operator reaches the API at
# Use:   bash -s -- create | update | delete   (delete has nothing to undo)
set -euo pipefail

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

main() {
  local address=${ADDRESS:-} octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])' file=/etc/kubernetes/admin.conf
  case ${1:-} in
    create | update)
      [[ $address =~ ^$octet(\.$octet){3}$ ]] ||
        fail "ADDRESS is '$address'; it must be the IPv4 address that the API is reached at, such as 10.100.101.10."
      [[ -s $file ]] || fail "$file is not there: this machine has no control plane; run control-plane.sh on it first."
      sed -E "s|^( *server: ).*|\1https://$address:6443|" "$file"
      ;;
    delete) ;;
    *) fail "'${1:-}' is no action of kubeconfig.sh; use create, update or delete." ;;
  esac
}

main "$@" </dev/null
