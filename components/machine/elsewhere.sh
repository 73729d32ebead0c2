#!/usr/bin/env bash
# Runs a script on a machine that another stack owns; runs itself on the operator's host. The machine may be gone when the
# script is to undo its work: what was on it has then gone with it, and that is no error.
#
# Input: PROGRAM          the script, with its own input before it
#        HOST, SSH_PORT, SSH_USER, HOST_KEY   the machine, and its public host key
#        JUMP_HOST, JUMP_PORT, JUMP_USER, JUMP_HOST_KEY   a host that the way leads through (default none); it lets the same key in
#        SSH_PRIVATE_KEY  the key that it lets in (secret: held by an agent of this run's own, never in a file)
#        SSH_TIMEOUT      seconds that one attempt may take (default 10)
#        PATIENCE         seconds in which it may yet begin to let one in (default 0: it is asked once)
#        ADVICE           what to do about a machine that lets nobody in
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
  printf '[%s]:%s %s\n%s %s\n' "$HOST" "$SSH_PORT" "$HOST_KEY" "$HOST" "$HOST_KEY" >"$work/known_hosts"
  if [[ -n ${JUMP_HOST:-} ]]; then
    printf '[%s]:%s %s\n%s %s\n' "$JUMP_HOST" "${JUMP_PORT:?}" "$JUMP_HOST_KEY" "$JUMP_HOST" "$JUMP_HOST_KEY" >>"$work/known_hosts"
  fi
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
  local options=(-F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts"
    -o GlobalKnownHostsFile=none -o IdentityFile=none -o ConnectTimeout="${SSH_TIMEOUT:-10}" -o LogLevel=ERROR) way=()
  # Not -J: its own connection would not take these options, and trust the user's known hosts instead.
  if [[ -n ${JUMP_HOST:-} ]]; then
    way=(-o "ProxyCommand=ssh ${options[*]} -l $JUMP_USER -p $JUMP_PORT -W [%h]:%p -- $JUMP_HOST")
  fi
  ssh "${options[@]}" "${way[@]}" -l "$SSH_USER" -p "$SSH_PORT" -o ServerAliveInterval=15 -- "$HOST" "$@"
}

# Whether the machine lets one in, by the end of the time it has; what ssh said last is in $work/said.
lets_in() {
  local end=$((SECONDS + ${PATIENCE:-0}))
  until machine true 2>"$work/said"; do
    ((SECONDS < end)) || return 1
    sleep 2
  done
}

main() {
  local action=${1:-} status=0
  [[ $action == create || $action == update || $action == delete ]] ||
    fail "'$action' is no action of elsewhere.sh; use create, update or delete."
  take_key
  if ((${PATIENCE:-0} > 0)) && ! lets_in; then
    fail "The machine at $HOST has not let $SSH_USER in over SSH (port $SSH_PORT) within $PATIENCE s: $(tail -n 1 "$work/said"). ${ADVICE:-}"
  fi
  machine "bash -s -- $action" <<<"$PROGRAM" || status=$?
  if ((status == 255)) && [[ $action == delete ]]; then
    say "The machine at $HOST answers no more; what was made on it has gone with it."
    return 0
  fi
  ((status != 255)) || fail "The machine at $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): is it up? ${ADVICE:-Bring up the stack that owns it.}"
  return "$status"
}

main "$@"
