# shellcheck shell=bash
# Has a node pull images from their registries, before it is a node of a cluster whose pods' network runs in them.
#
# Input: IMAGES         the images, separated by spaces
#        CNI            what they are for, such as calico
#        READY_TIMEOUT  seconds that each may take (default 120)
# Use:   bash -s -- create | update
# Prints {"images":[...]}

read -r -a images <<<"${IMAGES:-}"
cni=${CNI:-}
limit=${READY_TIMEOUT:-120}

# As containerd spells it.
spelled() {
  local first=${1%%/*}
  if [[ $1 != */* ]]; then
    echo "docker.io/library/$1"
  elif [[ $first == *[.:]* || $first == localhost ]]; then
    echo "$1"
  else
    echo "docker.io/$1"
  fi
}

create() {
  local image name said
  ((${#images[@]})) || fail "IMAGES is empty; name the images that this node is to have."
  for image in "${images[@]}"; do
    name=$(spelled "$image")
    [[ -z $(ctr --namespace k8s.io images ls --quiet "name==$name") ]] || continue
    said=$(timeout "$limit" ctr --namespace k8s.io images pull "$name" 2>&1 >/dev/null) ||
      fail "This node can't pull the image $name, which cni \"$cni\" runs in (it says: $(tail -n 1 <<<"${said:-nothing within $limit s}")): let it reach that registry, import the image on it beforehand (ctr --namespace k8s.io images import), or use cni \"kube-router\", which takes nothing from registries."
  done
  jq --null-input --compact-output '{images: $ARGS.positional}' --args "${images[@]}"
}

act pull.sh "$@"
