# shellcheck shell=bash
# Goes between the prelude and a script that runs on the operator's host and works on one machine over SSH. It gives it:
#   work            a private directory, made by take_key, gone when the script ends
#   key             the private key; it leaves the environment at once
#   take_key        has an agent of this run's own hold the key, never a file
#   remote COMMAND  runs a command on the machine, its stdin being the caller's; 255: the machine does not let one in
#
# Input: HOST, SSH_PORT (default 22), SSH_USER (default root)   the machine
#        HOST_KEY         its public host key, such as "ssh-ed25519 AAAA..."
#        JUMP_HOST, JUMP_PORT, JUMP_USER, JUMP_HOST_KEY   a host that the way leads through (default none); it lets the same key in
#        SSH_PRIVATE_KEY  the key that it lets in (secret)
#        SSH_TIMEOUT      seconds until it must let one in (default 10)
umask 077

work=''
agent=''
key=${SSH_PRIVATE_KEY:-}
unset SSH_PRIVATE_KEY SSH_ASKPASS DISPLAY
: "${HOST:=}" "${HOST_KEY:=}" "${SSH_PORT:=22}" "${SSH_USER:=root}" "${SSH_TIMEOUT:=10}"

end_session() {
  [[ -z $agent ]] || kill "$agent" 2>/dev/null || true
  [[ -z $work ]] || rm -rf -- "$work"
}
trap end_session EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

take_key() {
  local end=$((SECONDS + 10)) status=0
  work=$(mktemp -d)
  printf '[%s]:%s %s\n%s %s\n' "$HOST" "$SSH_PORT" "$HOST_KEY" "$HOST" "$HOST_KEY" >"$work/known_hosts"
  if [[ -n ${JUMP_HOST:-} ]]; then
    printf '[%s]:%s %s\n%s %s\n' "$JUMP_HOST" "${JUMP_PORT:?}" "$JUMP_HOST_KEY" "$JUMP_HOST" "$JUMP_HOST_KEY" >>"$work/known_hosts"
  fi
  ssh-agent -D -a "$work/agent" >/dev/null 2>&1 &
  agent=$!
  export SSH_AUTH_SOCK=$work/agent
  # Its socket is there before it listens; only 2 says that it was not reached.
  until ssh-add -l >/dev/null 2>&1 || { status=$? && ((status == 1)); }; do
    if ((SECONDS >= end)) || ! kill -0 "$agent" 2>/dev/null; then
      fail "ssh-agent does not start here; OpenSSH's client must be installed."
    fi
    sleep 0.05
  done
  printf '%s\n' "$key" | ssh-add -q - 2>/dev/null ||
    fail "SSH_PRIVATE_KEY is no private key that OpenSSH can read without a passphrase."
}

remote() {
  local options=(-F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts"
    -o GlobalKnownHostsFile=none -o IdentityFile=none -o ConnectTimeout="$SSH_TIMEOUT" -o LogLevel=ERROR) way=()
  # Not -J: its own connection would not take these options, and trust the user's known hosts instead.
  if [[ -n ${JUMP_HOST:-} ]]; then
    way=(-o "ProxyCommand=ssh ${options[*]} -l $JUMP_USER -p $JUMP_PORT -W [%h]:%p -- $JUMP_HOST")
  fi
  ssh "${options[@]}" "${way[@]}" -l "$SSH_USER" -p "$SSH_PORT" -o ServerAliveInterval=15 -- "$HOST" "$@"
}
