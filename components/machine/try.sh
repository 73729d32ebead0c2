# shellcheck shell=bash
# For the tests of the scripts that run on machines: machines in containers on networks of the test's own, all of which
# go when the test ends. Source it, then:
#   network NAME CIDR              a network of the test
#   machine NAME NETWORK=ADDRESS…  a machine with these legs, booted
#   on NAME SCRIPT ACTION [VAR=VALUE…]   runs a script as the library does: its text on stdin behind the prelude and its input
#   locally SCRIPT ACTION [VAR=VALUE…]   the same on this host
#   ok TEXT COMMAND… / refused TEXT STATUS PATTERN COMMAND… / said PATTERN   one assertion each
# MACHINE_IMAGE names the image (default hybrid-vnf/machine:v1.34.4).

image=${MACHINE_IMAGE:-hybrid-vnf/machine:v1.34.4}
prelude=$(dirname "${BASH_SOURCE[0]}")/../script/prelude.sh
tag=hybrid-vnf-try-$$
machines=()
networks=()
passed=0
failed=0
scratch=$(mktemp -d)

finish() {
  local status=$? name
  for name in "${machines[@]}"; do docker rm -fv "$tag-$name" >/dev/null 2>&1 || true; done
  for name in "${networks[@]}"; do docker network rm "$tag-$name" >/dev/null 2>&1 || true; done
  rm -rf -- "$scratch"
  printf '%s: %d passed, %d failed\n' "${0##*components/}" "$passed" "$failed"
  if ((failed || status)); then exit 1; fi
}
trap finish EXIT
trap 'exit 1' INT TERM

if ! docker image inspect "$image" >/dev/null 2>&1; then
  echo "The machine image $image is not on this Docker engine; build it first or name another one in MACHINE_IMAGE." >&2
  exit 1
fi

network() {
  networks+=("$1")
  docker network create --subnet "$2" "$tag-$1" >/dev/null
}

machine() {
  local name=$1 first=${2%%=*} leg
  machines+=("$name")
  docker create --name "$tag-$name" --hostname "$name" --network "$tag-$first" --ip "${2#*=}" \
    --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
    --security-opt apparmor=unconfined --device /dev/kmsg --cgroupns private --tmpfs /run:exec --tmpfs /tmp:exec \
    --volume /var/lib/docker --volume /var/lib/containerd \
    --entrypoint /usr/local/lib/hybrid-vnf/boot "$image" >/dev/null
  for leg in "${@:3}"; do docker network connect --ip "${leg#*=}" "$tag-${leg%%=*}" "$tag-$name"; done
  docker start "$tag-$name" >/dev/null
  eventually 120 answers "$name" || {
    echo "Machine $name has not booted within 120 s." >&2
    exit 1
  }
}

# The machine has booted as far as it would have to let one in over SSH.
answers() { docker exec "$tag-$1" busctl status >/dev/null 2>&1; }

composed() {
  local input
  cat -- "$prelude"
  for input in "${@:2}"; do printf 'export %s=%q\n' "${input%%=*}" "${input#*=}"; done
  cat -- "$1"
}
on() { composed "$2" "${@:4}" | docker exec -i "$tag-$1" bash -s -- "$3"; }
locally() { composed "$1" "${@:3}" | bash -s -- "$2"; }

inside() {
  local name=$1
  shift
  docker exec "$tag-$name" "$@"
}

# The last command's output is in $scratch/out and $scratch/err, for the next assertion to look at.
ok() {
  local text=$1 got=0
  shift
  "$@" >"$scratch/out.new" 2>"$scratch/err.new" || got=$?
  mv -f "$scratch/out.new" "$scratch/out"
  mv -f "$scratch/err.new" "$scratch/err"
  if ((got == 0)); then
    passed=$((passed + 1))
    printf '  ok  %s\n' "$text"
  else
    failed=$((failed + 1))
    printf '  FAILED  %s\n' "$text"
    sed 's/^/      /' "$scratch/out" "$scratch/err"
  fi
}

# Holds when the command fails with this status and says this on stderr, and nothing on stdout.
refused() {
  local text=$1 status=$2 pattern=$3 got=0
  shift 3
  "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
  if ((got == status)) && [[ ! -s $scratch/out ]] && grep -qE -- "$pattern" "$scratch/err"; then
    passed=$((passed + 1))
    printf '  ok  %s\n' "$text"
  else
    failed=$((failed + 1))
    printf '  FAILED  %s (status %d)\n' "$text" "$got"
    sed 's/^/      /' "$scratch/out" "$scratch/err"
  fi
}

# Holds when the last command said this too on stderr.
said() {
  if grep -qE -- "$1" "$scratch/err"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '  FAILED  it did not say: %s\n' "$1"
  fi
}

# eventually SECONDS COMMAND…: until the command succeeds, looked at every second.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 1
  done
}
