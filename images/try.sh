# shellcheck shell=bash
# For the tests of images: containers of the test's own, all of which go when it ends. Its caller sets here, its own folder, and defines
#   remove   takes away what the test has made on the Docker engine
# Source it, then:
#   ok TEXT COMMAND…              one assertion; what the command printed is told when it fails
#   not COMMAND…                  succeeds when the command does not
#   eventually SECONDS COMMAND…   until the command succeeds, looked at twice a second
#   reaps CONTAINER               its process 1 takes away a process that has ended and that nobody else waits for
#   kinds CONTAINER               prints the names of its processes, each once
#   small MB                      the image is no larger
# scratch is a folder of the test's own.
passed=0
failed=0
scratch=$(mktemp -d)

finish() {
  local status=$?
  remove
  rm -rf -- "$scratch"
  printf 'images/%s: %d passed, %d failed\n' "$(basename "${here:?}")" "$passed" "$failed"
  if ((failed || status)); then exit 1; fi
}
trap finish EXIT
trap 'exit 1' INT TERM

ok() {
  local text=$1
  shift
  if "$@" >"$scratch/out" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '  FAILED  %s\n' "$text"
    sed 's/^/      /' "$scratch/out"
  fi
}
not() { ! "$@"; }
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.5
  done
}
reaps() {
  local left
  # One that has ended and was not waited for is still among the processes.
  left=$(docker exec "$1" sh -c '(sleep 0.1 >/dev/null 2>&1 & echo $!)')
  eventually 15 docker exec "$1" test ! -e "/proc/$left"
}
kinds() { docker top "$1" -o pid,comm | awk 'NR > 1 { print $2 }' | sort -u | paste --serial --delimiters=' '; }
small() { (($(docker image inspect --format '{{.Size}}' "${image:?}") <= $1 * 1000000)); }
