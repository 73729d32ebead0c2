# shellcheck shell=bash
# Goes before every script that the library runs, on a machine or on the operator's host: what they share. Such a script is no program
# by itself, so it has no first line that names its shell. It ends with `act`, and changes nothing before that.
set -euo pipefail

# A line on stderr; the same, and the end.
say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Notes what is wrong with the script's input; ends with status 2 and all that was noted, if anything was.
problems=()
problem() { problems+=("$*"); }
stop_on_problems() {
  ((${#problems[@]})) || return 0
  printf '%s\n' "${problems[@]}" >&2
  exit 2
}

# is_number VALUE LEAST MOST: a whole number.
is_number() { [[ $1 =~ ^(0|[1-9][0-9]{0,8})$ ]] && (($1 >= $2 && $1 <= $3)); }

# is_address VALUE: an IPv4 address.
is_address() {
  local octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
  [[ $1 =~ ^$octet(\.$octet){3}$ ]]
}

# is_cidr VALUE [LEAST [MOST]]: an IPv4 network, its prefix of a length between these.
is_cidr() { [[ $1 == */* ]] && is_address "${1%/*}" && is_number "${1##*/}" "${2:-0}" "${3:-32}"; }

# is_label VALUE: a label of a host's name (RFC 1123), in lower case as Kubernetes wants it.
is_label() { [[ ${#1} -le 63 && $1 =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]]; }

# require_command NAME PACKAGE: ends the script unless the machine has the command.
require_command() { command -v "$1" >/dev/null || fail "The command $1 is not installed on this machine; install the package $2."; }

# require_own_address NAME VALUE: ends the script unless the address, its input NAME, is one of this machine's.
require_own_address() {
  [[ $(ip -4 -oneline address show) == *" $2/"* ]] ||
    fail "$1 $2 is not on this machine, which has $(ip -4 -oneline address show scope global | awk '{ printf "%s%s", s, $4; s = ", " }')."
}

# put FILE [MODE]: stdin becomes the file, whole or not at all. Succeeds exactly when that changed it. Not for the end of a pipe, where
# failing to write would end that pipe only, and look as if nothing had changed.
put() {
  local new
  { mkdir -p "$(dirname "$1")" && new=$(mktemp "$1.XXXXXX") && cat >"$new"; } || fail "$1 cannot be written (see above)."
  if cmp --silent "$new" "$1"; then
    rm -f -- "$new"
    return 1
  fi
  { chmod "${2:-644}" "$new" && mv -f -- "$new" "$1"; } || fail "$1 cannot be replaced (see above)."
}

# differs TEXT: a line about something on this machine that is not as the script left it: what it is now, and what it was.
differs() { printf '%s: %s\n' "$(hostname)" "$*"; }

# settings_differ FILE: such a line for each kernel setting of a file of sysctl.d that has another value now.
settings_differ() {
  local key was is
  [[ -f $1 ]] || return 0
  while IFS='=' read -r key was; do
    [[ $key && $key != '#'* ]] || continue
    key=${key//\//.}
    is=$(sysctl --values "$key" 2>/dev/null) || is=unknown
    [[ $is == "$was" ]] || differs "$key is $is; it was $was."
  done <"$1"
}

# act SCRIPT ACTION: calls the script's function `create`, also for an update; its `remove`, where it has anything to undo; its `check`,
# where it can tell by looking what has been changed since: it prints what `differs`, and changes nothing.
act() {
  case ${2:-} in
    create | update) create </dev/null ;;
    delete) if declare -F remove >/dev/null; then remove </dev/null; fi ;;
    check) if declare -F check >/dev/null; then check </dev/null; fi ;;
    *) fail "'${2:-}' is no action of $1; use create, update, delete or check." ;;
  esac
}
