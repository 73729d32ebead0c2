# shellcheck shell=bash
# Asks a node, in the image that kube-router is to run in, whether its kernel does what kube-router is for; and takes away what it left there.
#
# Input: IMAGE  the image, as this node has it
# Use:   bash -s -- create | update | delete
# Prints {"image":...}

image=${IMAGE:-}
name=$image
[[ ${name%%/*} == *[.:]* || $name != */* ]] || name=docker.io/$name

run() { ctr --namespace k8s.io run --rm --net-host --cap-add CAP_NET_ADMIN --cap-add CAP_NET_RAW "$name" "hybrid-vnf-kube-router-$$" /start.sh "$1"; }

create() {
  local said
  [[ -n $image ]] || fail "IMAGE is empty; name the image of kube-router that this node has."
  said=$(run check 2>&1) || fail "$(tail -n 1 <<<"$said")"
  printf '{"image":"%s"}\n' "$image"
}

remove() {
  run clean >&2 || say "What kube-router left in this node's packet filter stays; 'iptables-save' and 'ipset list' show it."
}

act kube-router.sh "$@"
