#!/usr/bin/env bash
# Proves what a machine is told at its first boot: cloud-init itself accepts the golden files, which the unit tests hold the library to, and
# refuses the bad ones. Needs Docker; cloud-init comes from the Debian archive into a container, since installing it would have it take
# charge of this machine's next boot. Says nothing about what a cloud then does with them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${BASE_IMAGE:-debian:bookworm-slim}
passed=0
failed=0
scratch=$(mktemp -d)

finish() {
  local status=$?
  rm -rf -- "$scratch"
  printf 'platform/openstack: %d passed, %d failed\n' "$passed" "$failed"
  if ((failed || status)); then exit 1; fi
}
trap finish EXIT
trap 'exit 1' INT TERM

# shellcheck disable=SC2016 # the container's own variables
docker run --rm --volume "$here/test/golden:/golden:ro" "$image" bash -c '
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends cloud-init; } >/log 2>&1 ||
    { tail -n 5 /log >&2; exit 1; }
  for file in /golden/*/*.yaml; do
    if cloud-init schema --config-file "$file" >/log 2>&1; then echo "good $file"; else echo "bad $file"; fi
  done' >"$scratch/verdicts"

for file in "$here"/test/golden/*/*.yaml; do
  kind=$(basename "$(dirname "$file")")
  if grep -qx "$kind /golden/$kind/${file##*/}" "$scratch/verdicts"; then
    passed=$((passed + 1))
    printf '  ok  cloud-init calls %s/%s %s\n' "$kind" "${file##*/}" "$kind"
  else
    failed=$((failed + 1))
    printf '  FAILED  cloud-init does not call %s/%s %s\n' "$kind" "${file##*/}" "$kind"
  fi
done
