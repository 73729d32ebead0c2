# shellcheck shell=bash
# Runs a script on a machine that another stack owns; runs itself on the operator's host. The machine may be gone when the
# script is to undo its work: what was on it has then gone with it, and that is no error.
#
# Input: PROGRAM          the script, with its own input before it
#        WAIT_SECONDS     seconds in which the machine may begin to let one in (default 0: it is tried once)
#        ADVICE           what to do about a machine that lets nobody in
#        CONSOLE_COMMAND  a command of this host that prints the end of the machine's console (default none)
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete | check`
# Prints what the script prints.
export -n PROGRAM # its text may be longer than a command's environment

# Whether the machine lets one in, by the end of the time it has; what ssh said last is in $work/said.
lets_in() {
  local end=$((SECONDS + ${WAIT_SECONDS:-0}))
  # shellcheck disable=SC2154 # from session.sh
  until remote true 2>"$work/said"; do
    ((SECONDS < end)) || return 1
    sleep 2
  done
}

# What the machine last said, ten lines at most; nothing where the command is not to be had here.
console_end() {
  local words
  [[ -n ${CONSOLE_COMMAND:-} ]] && words=$(timeout 30 bash -c "$CONSOLE_COMMAND" 2>/dev/null) || return 0
  words=$(tr -d '\r' <<<"$words" | grep -v '^[[:space:]]*$' | tail -n 10) || return 0
  printf ' It last said:\n%s' "$words"
}

run_on_machine() {
  local action=$1 status=0
  take_key
  if ((${WAIT_SECONDS:-0} > 0)) && ! lets_in; then
    fail "The machine at $HOST has not let $SSH_USER in over SSH (port $SSH_PORT) within $WAIT_SECONDS s: $(tail -n 1 "$work/said" | tr -d '\r'). ${ADVICE:-}$(console_end)"
  fi
  remote "bash -s -- $action" <<<"$PROGRAM" || status=$?
  if ((status == 255)) && [[ $action == delete ]]; then
    say "The machine at $HOST answers no more; what was made on it has gone with it."
    return 0
  fi
  ((status != 255)) || fail "The machine at $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): is it up? ${ADVICE:-Bring up the stack that owns it.}"
  return "$status"
}

create() { run_on_machine create; }
remove() { run_on_machine delete; }
check() { run_on_machine check; }

act openssh.sh "$@"
