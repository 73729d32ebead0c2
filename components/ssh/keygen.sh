# shellcheck shell=bash
# Makes an SSH key pair (ed25519, OpenSSH form, no passphrase) and prints it as JSON:
#   {"privateKey":"-----BEGIN OPENSSH PRIVATE KEY-----\n...","publicKey":"ssh-ed25519 AAAA... comment"}
# The private key never touches a disk: it is made in a private directory in memory, which is gone when the script ends.
# What it prints is a secret.
#
# Input: COMMENT      the key's comment (default hybrid-vnf)
#        PRIVATE_DIR  a memory-backed directory to work in, where the usual ones do not exist
# Use:   bash -s -- create | update | delete   (delete has nothing to undo)
umask 077

work=
remove_work() { [[ -z $work ]] || rm -rf -- "$work"; }
trap remove_work EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A directory of the user's that is kept in memory.
in_memory() {
  local place
  if [[ -n ${PRIVATE_DIR:-} ]]; then
    [[ -d $PRIVATE_DIR && -w $PRIVATE_DIR ]] ||
      fail "PRIVATE_DIR is '$PRIVATE_DIR'; it must be a directory that you may write to."
    printf '%s\n' "$PRIVATE_DIR"
    return
  fi
  for place in "${XDG_RUNTIME_DIR:-}" /dev/shm /run; do
    [[ -n $place && -d $place && -w $place ]] || continue
    case $(stat -f -c %T "$place" 2>/dev/null) in
      tmpfs | ramfs)
        printf '%s\n' "$place"
        return
        ;;
    esac
  done
  fail "No writable directory in memory was found (XDG_RUNTIME_DIR, /dev/shm, /run); name one, such as a RAM disk, in PRIVATE_DIR."
}

json() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/\\t}
  text=${text//$'\r'/\\r}
  printf '"%s"' "${text//$'\n'/\\n}"
}

create() {
  local comment=${COMMENT:-hybrid-vnf} place private public
  [[ $comment != *[[:cntrl:]]* ]] || fail "COMMENT must be one line of printable characters."
  require_command ssh-keygen openssh-client
  place=$(in_memory)
  work=$(mktemp -d "$place/hybrid-vnf-key.XXXXXX")
  ssh-keygen -q -t ed25519 -N '' -C "$comment" -f "$work/key" >&2
  private=$(<"$work/key")
  public=$(<"$work/key.pub")
  printf '{"privateKey":%s,"publicKey":%s}\n' "$(json "$private"$'\n')" "$(json "$public")"
}

act keygen.sh "$@"
