# shellcheck shell=bash
# Pushes an image of this host's Docker engine to the registry in its name, as whom that engine's client is logged in there.
# Runs on the operator's host.
#
# Input: IMAGE     the image's name: registry.example.org/team/hybrid-vnf/quagga:0123456789ab
#        IMAGE_ID  its ID (sha256:...), to be sure that it is this one
# Use:   bash -s -- create | update | delete   (delete has nothing to undo: others may have the image from there)
# Prints the name and digest that it has there: registry.example.org/team/hybrid-vnf/quagga@sha256:...

create() {
  local found said digest
  found=$(docker image inspect --format '{{.Id}}' "$IMAGE" 2>/dev/null) ||
    fail "Image $IMAGE is not on this host's Docker engine; build or pull it first."
  [[ $IMAGE_ID == "$found" ]] || fail "Image $IMAGE is $found here, not $IMAGE_ID as IMAGE_ID asks; build it again."
  said=$(docker push "$IMAGE") ||
    fail "Image $IMAGE could not be pushed (see above): is the registry's name right, does it answer, and is this host logged in there (docker login ${IMAGE%%/*})?"
  digest=$(grep -oE 'digest: sha256:[0-9a-f]{64}' <<<"$said" | tail -n 1) || fail "The registry of $IMAGE took it and told no digest: $said"
  printf '%s@%s' "${IMAGE%:*}" "${digest#digest: }"
}

act push.sh "$@"
