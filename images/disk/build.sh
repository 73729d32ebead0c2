#!/usr/bin/env bash
# Makes a disk of the machine image: a qcow2 file for OpenStack, with the same content, a kernel and cloud-init.
#   images/disk/build.sh FILE
# Needs the machine image (images/machine/build.sh). FILE.content says what FILE was made from.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../base/content.sh
source "$here/../base/content.sh"

machine=hybrid-vnf/machine:v1.34.4
base=debian:bookworm-slim

[[ $# == 1 ]] || fail "usage: build.sh FILE, where the disk is to go (got: ${*:-nothing})."
file=$1
[[ -d $(dirname "$file") ]] || fail "$file: there is no folder $(dirname "$file"); make it first."
[[ $(uname -m) == x86_64 ]] || fail "$(uname -m): the disk boots by BIOS, which only x86_64 has."

need_docker
"$here/../base/build.sh"
read -r base_id _ <<<"$(image_facts "$base")"
read -r machine_id machine_content <<<"$(image_facts "$machine")" || true
[[ -n ${machine_id:-} ]] || fail "$machine: no such image; images/machine/build.sh makes it."
# By what it was made from, not by its id: made again of the same, it is the same machine.
content=$(printf '%s %s %s' "$base_id" "${machine_content:-$machine_id}" "$(content_of "$here")" | sha256sum | cut -d' ' -f1)
if [[ -f $file && $(cat "$file.content" 2>/dev/null) == "$content" ]]; then
  say "disk: $file is up to date"
  exit 0
fi

work=$(mktemp -d)
source=
assembly=
finish() {
  [[ -z $source ]] || docker rm --force --volumes "$source" >/dev/null
  [[ -z $assembly ]] || docker rm --force --volumes "$assembly" >/dev/null
  rm -rf "$work"
}
trap finish EXIT

# image DOCKERFILE [--build-arg ...]: prints the id of what it makes of this folder.
image() {
  local dockerfile=$1
  shift
  if ! tar --create --directory "$here" "$dockerfile" root assemble.sh grub.cfg |
    DOCKER_BUILDKIT=0 docker build --file "$dockerfile" --iidfile "$work/iid" "$@" - >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    fail "disk: $dockerfile could not be built; the lines above say why."
  fi
  cat "$work/iid"
}

say "disk: adding a kernel and cloud-init to $machine"
bootable=$(image Dockerfile --build-arg "machine=$machine")
tools=$(image tools.Dockerfile)

say "disk: assembling $file (some minutes)"
source=$(docker create "$bootable")
assembly=$(docker create --interactive --network none "$tools")
docker export "$source" | docker start --attach --interactive "$assembly" >&2 ||
  fail "disk: it could not be assembled; the lines above say why."
docker cp "$assembly:/work/disk.qcow2" "$file.new" >/dev/null
mv "$file.new" "$file"
echo "$content" >"$file.content"
say "disk: $file is made, $(du --human-readable "$file" | cut -f1)"
