#!/usr/bin/env bash
# Builds hybrid-vnf/openstack:zed, a whole OpenStack on one node: Keystone, Glance, Placement, Neutron and Nova from Debian's packages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=$here/../../../images
# shellcheck source=../../../images/base/content.sh
source "$images/base/content.sh"

image=hybrid-vnf/openstack:zed
base=debian:bookworm-slim

need_docker
"$images/base/build.sh"
read -r base_id _ <<<"$(image_facts "$base")"
content=$(printf '%s %s' "$base_id" "$(content_of "$here")" | sha256sum | cut -d' ' -f1)
read -r _ known <<<"$(image_facts "$image")" || true
if [[ ${known:-} == "$content" ]]; then
  say "openstack: $image is up to date"
  exit 0
fi

say "openstack: building $image (some minutes)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! tar --create --directory "$here" Dockerfile root |
  DOCKER_BUILDKIT=0 docker build --network "${HYBRID_VNF_BUILD_NETWORK:-host}" --tag "$image" --label "$content_label=$content" - >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  fail "openstack: the image could not be built; the lines above say why."
fi
say "openstack: $image is built"
