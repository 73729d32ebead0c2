#!/usr/bin/env bash
# Runs a script on a machine that another stack owns; runs itself on the operator's host. The machine may be gone when the
# script is to undo its work: what was on it has then gone with it, and that is no error.
#
# Input: PROGRAM          the script, with its own input before it
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete`
# Prints what the script prints.
set -euo pipefail

main() {
  local action=${1:-} status=0
  [[ $action == create || $action == update || $action == delete ]] ||
    fail "'$action' is no action of elsewhere.sh; use create, update or delete."
  take_key
  remote "bash -s -- $action" <<<"$PROGRAM" || status=$?
  if ((status == 255)) && [[ $action == delete ]]; then
    say "The machine at $HOST answers no more; what was made on it has gone with it."
    return 0
  fi
  ((status != 255)) || fail "The machine at $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): is it up? Bring up the stack that owns it."
  return "$status"
}

main "$@"
