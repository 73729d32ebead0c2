#!/usr/bin/env bash
# Runs a script on a machine that another stack owns; runs itself on the operator's host. The machine may be gone when the
# script is to undo its work: what was on it has then gone with it, and that is no error.
#
# Input: PROGRAM          the script, with its own input before it
#        HOST, PORT, SSH_USER, HOST_KEY   the machine, and its public host key
#        SSH_PRIVATE_KEY  the key that it lets in (secret: held by an agent of this run's own, never in a file)
#        SSH_TIMEOUT      seconds until it must let one in (default 10)
# Use:   bash -s -- create | update | delete
# Prints what the script prints.
set -euo pipefail
umask 077

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

work=''
agent=''
clean() {
  [[ -z $agent ]] || kill "$agent" 2>/dev/null || true
  [[ -z $work ]] || rm -rf -- "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

take_key() {
  local end=$((SECONDS + 10))
  work=$(mktemp -d)
  printf '[%s]:%s %s\n%s %s\n' "$HOST" "$PORT" "$HOST_KEY" "$HOST" "$HOST_KEY" >"$work/known_hosts"
  ssh-agent -D -a "$work/agent" >/dev/null 2>&1 &
  agent=$!
  until [[ -S $work/agent ]]; do
    if ((SECONDS >= end)) || ! kill -0 "$agent" 2>/dev/null; then
      fail "ssh-agent does not start here; OpenSSH's client must be installed."
    fi
    sleep 0.05
  done
  export SSH_AUTH_SOCK=$work/agent
  printf '%s\n' "$SSH_PRIVATE_KEY" | ssh-add -q - 2>/dev/null ||
    fail "SSH_PRIVATE_KEY is no private key that OpenSSH can read without a passphrase."
}

machine() {
  ssh -F none -l "$SSH_USER" -p "$PORT" -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts" \
    -o GlobalKnownHostsFile=none -o IdentityFile=none -o ConnectTimeout="${SSH_TIMEOUT:-10}" -o ServerAliveInterval=15 \
    -o LogLevel=ERROR -- "$HOST" "$@"
}

main() {
  local action=${1:-} status=0
  [[ $action == create || $action == update || $action == delete ]] ||
    fail "'$action' is no action of elsewhere.sh; use create, update or delete."
  take_key
  machine "bash -s -- $action" <<<"$PROGRAM" || status=$?
  if ((status == 255)) && [[ $action == delete ]]; then
    say "The machine at $HOST answers no more; what was made on it has gone with it."
    return 0
  fi
  ((status != 255)) || fail "The machine at $HOST does not let $SSH_USER in over SSH (port $PORT): is it up? Bring up the stack that owns it."
  return "$status"
}

main "$@"
