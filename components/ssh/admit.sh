#!/usr/bin/env bash
# Lets the site's key in on this host, beside those that it lets in already; shuts it out again when the host is given back.
#
# Input: PUBLIC_KEY  the site's public key, one line
# Use:   bash -s -- create | update | delete
# Prints nothing.
set -euo pipefail
umask 077

keys=$HOME/.ssh/authorized_keys

# Every line but ours, each of them ended: the last line of a file that was written by hand may not be.
others() { awk -v ours="$PUBLIC_KEY" '$0 != ours' "$keys"; }

# The file is never half written, for it is what lets everybody in.
replace() {
  cat >"$keys.new"
  mv -f "$keys.new" "$keys"
}

[[ ${PUBLIC_KEY:-} =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+ && $PUBLIC_KEY != *$'\n'* ]] || {
  printf '%s\n' "PUBLIC_KEY is '${PUBLIC_KEY:-}'; it must be one public key, such as 'ssh-ed25519 AAAA...'." >&2
  exit 2
}
mkdir -p "$(dirname "$keys")"
touch "$keys"
case ${1:-} in
  create | update)
    {
      others
      printf '%s\n' "$PUBLIC_KEY"
    } | replace
    ;;
  delete)
    others | replace
    ;;
  *)
    printf '%s\n' "'${1:-}' is no action of admit.sh; use create, update or delete." >&2
    exit 1
    ;;
esac
