# shellcheck shell=bash
# Lets the site's key in on this host, beside those that it lets in already; shuts it out again when the host is given back.
#
# Input: PUBLIC_KEY  the site's public key, one line
# Use:   bash -s -- create | update | delete
# Prints nothing.
umask 077

keys=$HOME/.ssh/authorized_keys

# Every line but ours, each of them ended: the last line of a file that was written by hand may not be.
others() { awk -v ours="$PUBLIC_KEY" '$0 != ours' "$keys"; }

# The file is never half written, for it is what lets everybody in.
replace() {
  cat >"$keys.new"
  mv -f "$keys.new" "$keys"
}

# What there is to begin with: the file may not be there yet.
begin() {
  [[ ${PUBLIC_KEY:-} =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+ && $PUBLIC_KEY != *$'\n'* ]] ||
    problem "PUBLIC_KEY is '${PUBLIC_KEY:-}'; it must be one public key, such as 'ssh-ed25519 AAAA...'."
  stop_on_problems
  mkdir -p "$(dirname "$keys")"
  touch "$keys"
}

create() {
  begin
  { others && printf '%s\n' "$PUBLIC_KEY"; } | replace
}

remove() {
  begin
  others | replace
}

act authorize.sh "$@"
