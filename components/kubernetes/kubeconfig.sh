# shellcheck shell=bash
# Prints the administrator's kubeconfig, a secret, the same bytes every time.
#
# Input: ADDRESS  the address that the operator reaches the API at
# Use:   bash -s -- create | update | delete   (delete has nothing to undo)

create() {
  local address=${ADDRESS:-} file=/etc/kubernetes/admin.conf
  is_address "$address" || fail "ADDRESS is '$address'; it must be the IPv4 address that the API is reached at, such as 10.100.101.10."
  [[ -s $file ]] || fail "$file is not there: this machine has no control plane; run control-plane.sh on it first."
  sed -E "s|^( *server: ).*|\1https://$address:6443|" "$file"
}

act kubeconfig.sh "$@"
