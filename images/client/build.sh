#!/usr/bin/env bash
# Builds hybrid-vnf/client:latest, the machine that asks the chain for pages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../base/content.sh
source "$here/../base/content.sh"

image=hybrid-vnf/client:latest
base=debian:bookworm-slim

need_docker
"$here/../base/build.sh"
read -r base_id _ <<<"$(image_facts "$base")"
content=$(printf '%s %s' "$base_id" "$(content_of "$here" "$here/../machine/root/common")" | sha256sum | cut -d' ' -f1)
read -r _ known <<<"$(image_facts "$image")" || true
if [[ ${known:-} == "$content" ]]; then
  say "client: $image is up to date"
  exit 0
fi

say "client: building $image"
tar --create --directory "$here" Dockerfile --directory "$here/../machine" root/common |
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" --label "$content_label=$content" - >&2
say "client: $image is built"
