# shellcheck shell=bash
# Brings an image of this host's Docker engine to a node over SSH, without a registry. Runs on the operator's host.
#
# Input: IMAGE            the image here, by name: hybrid-vnf/quagga:latest
#        IMAGE_ID         its ID (sha256:...), to be sure that it is this one (default: what IMAGE is now)
#        REFERENCE        its name on the node (default: IMAGE)
#        RUNTIME          containerd (into the namespace of Kubernetes) or docker
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete`
# Prints {"image":...,"id":...,"reference":...}; says on stderr whether anything was sent.
#
# delete takes the image off the node if it can, and only while it is still this one; it never fails for want of the node.
# shellcheck disable=SC2154 # work and key are session.sh's

image=${IMAGE:-}
id=${IMAGE_ID:-}
reference=${REFERENCE:-$image}
runtime=${RUNTIME:-}

is_name() { [[ $1 =~ ^[a-z0-9][a-z0-9._/:-]*[a-z0-9](:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$ && $1 != *//* && $1 != sha256:* ]]; }

check_input() {
  is_name "$image" || problem "IMAGE is '$image'; it must be an image's name, such as hybrid-vnf/quagga:latest."
  is_name "$reference" || problem "REFERENCE is '$reference'; it must be an image's name, such as hybrid-vnf/quagga:latest."
  [[ -z $id || $id =~ ^sha256:[0-9a-f]{64}$ ]] || problem "IMAGE_ID is '$id'; it must be sha256: and 64 hexadecimal digits."
  [[ $runtime == containerd || $runtime == docker ]] || problem "RUNTIME is '$runtime'; it must be containerd or docker."
  [[ $HOST =~ ^[A-Za-z0-9][A-Za-z0-9.:-]*$ ]] || problem "HOST is '$HOST'; it must be the node's address or name."
  [[ $SSH_USER =~ ^[A-Za-z_][A-Za-z0-9_.-]*$ ]] || problem "SSH_USER is '$SSH_USER'; it must be a user's name."
  is_number "$SSH_PORT" 1 65535 || problem "SSH_PORT is '$SSH_PORT'; it must be a number from 1 to 65535."
  is_number "$SSH_TIMEOUT" 1 9999 || problem "SSH_TIMEOUT is '$SSH_TIMEOUT'; it must be a whole number of seconds from 1 to 9999."
  [[ $HOST_KEY =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+ ]] ||
    problem "HOST_KEY is '$HOST_KEY'; it must be the node's public host key, such as 'ssh-ed25519 AAAA...'."
  [[ $key == *"PRIVATE KEY"* ]] || problem "SSH_PRIVATE_KEY holds no private key; it must be the text of one (-----BEGIN OPENSSH PRIVATE KEY-----)."
  stop_on_problems
}

# The name as the runtime on the node spells it.
spelled() {
  local name=$1 first=${1%%/*}
  [[ ${name##*/} == *:* ]] || name+=:latest
  if [[ $runtime == docker ]]; then
    printf '%s' "$name"
  elif [[ $name != */* ]]; then
    printf 'docker.io/library/%s' "$name"
  elif [[ $first == *[.:]* || $first == localhost ]]; then
    printf '%s' "$name"
  else
    printf 'docker.io/%s' "$name"
  fi
}

# The IDs under which the node has a name: Docker's own, or the digests of the manifest and of its configuration.
ids_on_node() {
  local name=$1
  case $runtime in
    docker) remote "docker image inspect --format '{{.Id}}' '$name' 2>/dev/null || docker version >/dev/null" ;;
    containerd)
      remote "ctr -n k8s.io images ls -q >/dev/null && d=\$(ctr -n k8s.io images ls 'name==$name' | awk 'NR == 2 { print \$3 }') &&
      if [ -n \"\$d\" ]; then echo \"\$d\"; ctr -n k8s.io content get \"\$d\" | tr -d ' \n\t' |
      sed -n 's/.*\"config\":{[^}]*\"digest\":\"\(sha256:[0-9a-f]*\)\".*/\1/p'; fi"
      ;;
  esac
}

ids_or_fail() {
  local status=0
  ids=$(ids_on_node "$1" 2>"$work/said") || status=$?
  case $status in
    0) ;;
    255) fail "Node $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): $(tail -n 1 "$work/said"); check HOST, HOST_KEY and the key." ;;
    *) fail "Node $HOST has no working $runtime: $(tail -n 1 "$work/said")" ;;
  esac
}

# Sends the image under its name here; on the node it takes REFERENCE, and keeps the first name only if it had it before.
send() {
  local there=$1 known=$2 load had='' status=0
  case $runtime in
    docker) load="docker load --quiet >/dev/null" ;;
    containerd) load="ctr -n k8s.io images import - >/dev/null" ;;
  esac
  if [[ $known != "$there" ]]; then
    had=$(ids_on_node "$known")
    case $runtime in
      docker)
        load+=" && docker tag '$known' '$there'"
        [[ -n $had ]] || load+=" && docker rmi --no-prune '$known' >/dev/null"
        ;;
      containerd)
        load+=" && ctr -n k8s.io images tag --force '$known' '$there' >/dev/null"
        [[ -n $had ]] || load+=" && ctr -n k8s.io images rm '$known' >/dev/null"
        ;;
    esac
  fi
  docker save "$image" | remote "$load" || status=$?
  ((status == 0)) ||
    fail "Image $image could not be brought to node $HOST (see above); look at the free disk space there, and at RUNTIME ($runtime)."
}

create() {
  local there known found
  check_input
  found=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) ||
    fail "Image $image is not on this host's Docker engine; build or pull it first."
  [[ ${id:=$found} == "$found" ]] ||
    fail "Image $image is $found here, not $id as IMAGE_ID asks; build it again or take out IMAGE_ID."
  take_key
  there=$(spelled "$reference")
  known=$(spelled "$image")
  ids_or_fail "$there"
  if grep -qxF "$id" <<<"$ids"; then
    say "Node $HOST has $reference already."
  else
    send "$there" "$known"
    ids_or_fail "$there"
    grep -qxF "$id" <<<"$ids" || fail "Node $HOST has $reference as '$(tr '\n' ' ' <<<"$ids")' after it was sent, not as $id."
    say "Node $HOST has received $reference."
  fi
  printf '{"image":"%s","id":"%s","reference":"%s"}\n' "$image" "$id" "$reference"
}

remove() {
  local there ids remove
  check_input
  if [[ -z $id && ${PULUMI_COMMAND_STDOUT:-} =~ \"id\":\"(sha256:[0-9a-f]{64})\" ]]; then id=${BASH_REMATCH[1]}; fi
  take_key
  there=$(spelled "$reference")
  if ! ids=$(ids_on_node "$there" 2>"$work/said"); then
    say "Image $reference stays on node $HOST, which cannot be asked: $(tail -n 1 "$work/said")"
    return 0
  fi
  [[ -n $ids ]] || return 0
  if [[ -n $id ]] && ! grep -qxF "$id" <<<"$ids"; then
    say "Image $reference on node $HOST is another one by now; it stays."
    return 0
  fi
  case $runtime in
    docker) remove="docker rmi '$there'" ;; # refuses what a container uses
    containerd)
      remove="! ctr -n k8s.io containers ls | awk '{ print \$2 }' | grep -qxF '$there' || { echo 'a container uses it' >&2; exit 1; }
        ctr -n k8s.io images rm '$there'"
      ;;
  esac
  remote "$remove" >/dev/null 2>"$work/said" || say "Image $reference stays on node $HOST: $(tail -n 1 "$work/said")"
}

act deliver.sh "$@"
