#!/usr/bin/env bash
# Lets the site's key in on this host, beside those that it lets in already; shuts it out again when the host is given back.
#
# Input: PUBLIC_KEY  the site's public key, one line
# Use:   bash -s -- create | update | delete
# Prints nothing.
set -euo pipefail
umask 077

keys=$HOME/.ssh/authorized_keys

# Succeeds when the file changed: it is never half written, for it is what lets everybody in.
without_ours() { grep --invert-match --line-regexp --fixed-strings -- "$PUBLIC_KEY" "$keys" || true; }

[[ ${PUBLIC_KEY:-} =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+ && $PUBLIC_KEY != *$'\n'* ]] || {
  printf '%s\n' "PUBLIC_KEY is '${PUBLIC_KEY:-}'; it must be one public key, such as 'ssh-ed25519 AAAA...'." >&2
  exit 2
}
mkdir -p "$(dirname "$keys")"
touch "$keys"
case ${1:-} in
  create | update)
    if ! grep --quiet --line-regexp --fixed-strings -- "$PUBLIC_KEY" "$keys"; then
      { cat "$keys"; printf '%s\n' "$PUBLIC_KEY"; } >"$keys.new"
      mv -f "$keys.new" "$keys"
    fi
    ;;
  delete)
    without_ours >"$keys.new"
    mv -f "$keys.new" "$keys"
    ;;
  *)
    printf '%s\n' "'${1:-}' is no action of admit.sh; use create, update or delete." >&2
    exit 1
    ;;
esac
