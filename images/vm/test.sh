#!/usr/bin/env bash
# Proves the image of virtual machines with the library's own guest (images/guest), under emulation: its answers to bad input, its seed, a boot,
# its guest agent, its power button, what it keeps, and disks from an address. Needs Docker. Says nothing about KVM but that a guest is run to
# know of it, and nothing about cloud-init, which the guest does not have.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${IMAGE:-hybrid-vnf/vm:test}
guest=${GUEST_IMAGE:-hybrid-vnf/guest:test}
tag=hybrid-vnf-vm-$$

remove() {
  docker rm -fv $tag-{asked,disk,files,first,again,other,fetched} >/dev/null 2>&1 || true
  docker volume rm $tag-state $tag-fetched >/dev/null 2>&1 || true
}
# shellcheck source=images/try.sh
source "$here/../try.sh"

[[ -n ${IMAGE:-} ]] || docker build --quiet --tag "$image" "$here" >/dev/null 2>&1
[[ -n ${GUEST_IMAGE:-} ]] || docker build --quiet --tag "$guest" "$here/../guest" >/dev/null 2>&1

# The disk, out of its image, which holds no program to run.
docker create --name $tag-disk "$guest" none >/dev/null
docker cp $tag-disk:/disk/disk.qcow2 "$scratch/disk.qcow2" >/dev/null
chmod 755 "$scratch"
sum=$(sha256sum <"$scratch/disk.qcow2" | cut -d' ' -f1)

docker run --detach --name $tag-asked --hostname asked --volume "$scratch:/disks:ro" --tmpfs /state --entrypoint sleep "$image" infinity >/dev/null

# --- bad input: one sentence for each thing, status 2, nothing on stdout
refused() { # SENTENCES… -- SETTINGS…
  local sentences=() input=() got=0 one
  while [[ $1 != -- ]]; do sentences+=("$1") && shift; done
  shift
  for one in "$@"; do input+=(-e "$one"); done
  docker exec -e DISK=/disks/disk.qcow2 "${input[@]}" $tag-asked timeout 20 /start.sh check >"$scratch/stdout" 2>"$scratch/said" || got=$?
  for one in "${sentences[@]}"; do ok "'$*': $one" grep -qF -- "$one" "$scratch/said"; done
  ok "'$*': ${#sentences[@]} sentence(s), status 2" test "$got:$(wc -l <"$scratch/said"):$(wc -c <"$scratch/stdout")" == "2:${#sentences[@]}:0"
}
refused "DISK is empty" -- DISK=
refused "DISK is '/disks/none', which cannot be read" -- DISK=/disks/none
refused "DISK_SHA256 is ''; for a disk from an address" -- DISK=https://example.org/disk.qcow2
refused "DISK_FORMAT is 'vmdk'; it must be qcow2 or raw" -- DISK_FORMAT=vmdk
refused "DISK_GIB is '0'" -- DISK_GIB=0
refused "MEMORY_MIB is '8'" "CPUS is 'many'" -- MEMORY_MIB=8 CPUS=many
refused "ACCEL is 'kvm'; it must be auto or tcg" -- ACCEL=kvm
refused "GUEST_NAME is 'a_b'" -- GUEST_NAME=a_b
refused "INSTANCE_ID is 'a b'" -- "INSTANCE_ID=a b"
refused "USER_DATA is '/none', which cannot be read" "SSH_KEYS is '/none'" -- USER_DATA=/none SSH_KEYS=/none
refused "STATE is '/none', which is no folder" -- STATE=/none
refused "its entry 2 must be a port" -- PORTS=80,
refused "names port 80 twice" -- PORTS=80,80:8080
refused "its entry 1 must be a port" -- PORTS=80:70000

# --- a guest is run to know of an accelerator
ok "the probe runs under emulation" docker exec $tag-asked /start.sh probe tcg
ok "the probe does not run where there is no KVM" not docker exec $tag-asked /start.sh probe kvm

# --- the seed
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE one@example.org\nssh-rsa AAAAB3NzaC1yc2E= two "quoted"\n' >"$scratch/keys"
printf '#!/bin/sh\necho "<h1>seeded</h1>" >/var/www/html/index.html\necho user data has run\n' >"$scratch/user-data"
docker exec -e GUEST_NAME=web -e INSTANCE_ID=web-1 -e SSH_KEYS=/disks/keys -e USER_DATA=/disks/user-data $tag-asked /start.sh seed /tmp/seed.iso
read_seed() { docker exec $tag-asked isoinfo -R -i /tmp/seed.iso -x "/$1"; }
ok "the seed is labelled as NoCloud looks for it" docker exec $tag-asked sh -c 'isoinfo -d -i /tmp/seed.iso | grep -qx "Volume id: cidata"'
ok "meta-data is what it should be" diff "$here/test/golden/meta-data" <(read_seed meta-data)
ok "user-data is what was given" diff "$scratch/user-data" <(read_seed user-data)

# --- a machine, and the same again on what it kept
machine() { # NAME SETTINGS…
  local name=$1 input=() one
  shift
  for one in "$@"; do input+=(-e "$one"); done
  docker run --detach --tty --interactive --name "$tag-$name" --hostname "$name" --user 65532:65532 --cap-drop ALL --read-only \
    --sysctl net.ipv4.ip_unprivileged_port_start=0 --tmpfs /run/vm:mode=777 --tmpfs /tmp:mode=1777 --tmpfs /pages:mode=1777 --volume "$scratch:/disks:ro" \
    --volume "$tag-${volume:-state}:/state" -e DISK=/disks/disk.qcow2 -e PORTS=80 -e ACCEL=tcg -e MEMORY_MIB=128 "${input[@]}" "$image" >/dev/null
}
page() { curl --silent --fail --noproxy '*' --max-time 2 "http://$(docker inspect --format '{{.NetworkSettings.IPAddress}}' "$tag-$1")/${2:-}"; }
shows() { [[ $(page "$1" "${3:-}") == *"$2"* ]]; }
in_guest() { docker exec "$tag-$1" /start.sh exec "${@:2}"; }
stopped() { # NAME: ends it as a kubelet does; the status must be a good one
  docker stop --time 60 "$tag-$1" >/dev/null
  [[ $(docker inspect --format '{{.State.ExitCode}}' "$tag-$1") == 0 ]]
}
for volume in state fetched; do
  docker run --rm --volume "$tag-$volume:/state" --entrypoint chown "$image" 65532:65532 /state
done
volume=state

machine first GUEST_NAME=first INSTANCE_ID=one MEMORY_PATH=/pages USER_DATA=/disks/user-data SSH_KEYS=/disks/keys
ok "it boots without privileges, and serves the page of its user data" eventually 240 shows first "<h1>seeded</h1>"
ok "the image has at most 500 MB" small 500
ok "process 1 takes away what others have left" reaps $tag-first
ok "beside it there is QEMU, and nothing else" test "$(kinds $tag-first)" == "bash qemu-system-x86"
monitor() { docker exec $tag-first sh -c "echo $1 | socat - unix-connect:/run/vm/monitor >/dev/null"; }
ok "its memory is where it was told to be" docker exec $tag-first sh -c "grep -qs ' /pages/' /proc/[0-9]*/maps"
ok "QEMU runs it" docker exec $tag-first /start.sh running
monitor stop
ok "one that is halted does not run" not docker exec $tag-first /start.sh running
ok "and it is told how it is" sh -c "docker exec $tag-first /start.sh running 2>&1 | grep -q 'QEMU does not run the machine: paused'"
monitor cont
ok "goes on" docker exec $tag-first /start.sh running
ok "its guest agent answers" eventually 60 docker exec $tag-first /start.sh ping
ok "a command's output comes back" test "$(in_guest first /bin/cat /etc/hostname)" == first
ok "a command's status comes back" not in_guest first /bin/false
ok "a program that is not there is one sentence" sh -c "docker exec $tag-first /start.sh exec /none 2>&1 | grep -q 'the guest agent: '"
ok "its user lets the keys in" grep -q 'one@example.org' <(in_guest first /bin/cat /root/.ssh/authorized_keys)
ok "its log is the serial console" sh -c "docker logs $tag-first 2>&1 | grep -q 'user data has run'"
in_guest first /bin/sh -c 'echo kept >/var/www/html/kept'
ok "it ends by its power button" stopped first
ok "and says so" sh -c "docker logs $tag-first 2>&1 | grep -q 'the power button was pressed'"

printf '#!/bin/sh\necho "<h1>another</h1>" >/var/www/html/index.html\n' >"$scratch/user-data"
machine again GUEST_NAME=first INSTANCE_ID=one USER_DATA=/disks/user-data
ok "it goes on with what it wrote" eventually 240 shows again kept kept
ok "its user data runs once for each instance" shows again "<h1>seeded</h1>"
ok "it ends" stopped again

# --- what was written is good for one disk only
docker exec $tag-asked qemu-img create -q -f qcow2 /tmp/other.qcow2 64M
docker cp $tag-asked:/tmp/other.qcow2 "$scratch/other.qcow2" >/dev/null
machine other DISK=/disks/other.qcow2
ok "another disk under what was written is refused" eventually 60 sh -c "docker logs $tag-other 2>&1 | grep -q 'go back to that disk'"

# --- a disk from an address
docker run --detach --name $tag-files --volume "$scratch:/disks:ro" --entrypoint busybox "$image" httpd -f -p 80 -h /disks >/dev/null
address=http://$(docker inspect --format '{{.NetworkSettings.IPAddress}}' $tag-files)/disk.qcow2
volume=fetched
machine fetched "DISK=$address" "DISK_SHA256=${sum//[0-9]/0}"
ok "a file of another sum is refused" eventually 60 sh -c "docker logs $tag-fetched 2>&1 | grep -q 'has the SHA-256 $sum, and DISK_SHA256 is'"
docker rm -fv $tag-fetched >/dev/null
machine fetched "DISK=$address" "DISK_SHA256=$sum"
ok "one of the right sum boots" eventually 240 shows fetched "<h1>fetched</h1>"
