#!/usr/bin/env bash
# Proves the image of virtual machines with the library's own guest (images/guest), under emulation: its answers to bad input, its seed, a boot,
# its guest agent, its power button, what it keeps, disks from an address, and what it forwards between two networks. Needs Docker, and TUN of the
# kernel. Says nothing about KVM but that a guest is run to
# know of it, and nothing about cloud-init, which the guest does not have.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${IMAGE:-hybrid-vnf/vm:test}
guest=${GUEST_IMAGE:-hybrid-vnf/guest:test}
tag=hybrid-vnf-vm-$$

remove() {
  docker rm -fv $tag-{asked,disk,files,first,again,functions,other,fetched,router,pod,left,right} >/dev/null 2>&1 || true
  docker volume rm $tag-state $tag-functions $tag-fetched $tag-routed $tag-device >/dev/null 2>&1 || true
  docker network rm $tag-left $tag-right >/dev/null 2>&1 || true
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
refused "its entry 1 must be an interface and the machine's address there" -- LEGS=10.0.1.30/24
refused "its entry 2 must be an interface" -- LEGS=eth0=10.0.1.30/24,eth1=10.0.256.1/24
refused "this container has no interface net1" -- LEGS=net1=10.0.1.30/24
refused "names eth0 twice" -- LEGS=eth0=10.0.1.30/24,eth0=10.0.2.30/24
refused "FORWARDS is 'perhaps'; it must be yes or no" -- FORWARDS=perhaps
refused "FORWARDS is yes, and LEGS names 1 interface(s)" -- FORWARDS=yes LEGS=eth0=10.0.1.30/24

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
ok "without legs, the network is as the machine has it by itself" not docker exec $tag-asked sh -c 'isoinfo -R -f -i /tmp/seed.iso | grep -q network'
docker exec -e GUEST_NAME=web -e LEGS=eth0=10.0.1.30/24 -e FORWARDS=yes $tag-asked /start.sh seed /tmp/seed.iso
mac=$(docker exec $tag-asked cat /sys/class/net/eth0/address)
ok "network-config is what it should be" diff <(sed "s/MAC/$mac/" "$here/test/golden/network-config") <(read_seed network-config)
ok "that it forwards is in meta-data" test "$(read_seed meta-data | tail -1)" == 'forwards: "yes"'

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
for volume in state functions fetched; do
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

# --- Nginx and FRR in it, by user data, and again at the next start, for which user data does not run
cat >"$scratch/user-data" <<'DATA'
#!/bin/sh
echo 'server { listen 80; location / { return 200 "<h1>balanced</h1>"; } }' >/etc/nginx/conf.d/balancer.conf
sed -i 's/^ospfd=no/ospfd=yes/' /etc/frr/daemons
printf 'router ospf\n network 10.0.2.0/24 area 0\n' >/etc/frr/frr.conf
printf '#!/bin/sh\nnginx\n/usr/lib/frr/frrinit.sh start\n' >/etc/rc.local
DATA
speaks() { in_guest functions /usr/bin/vtysh -c 'show ip ospf' | grep -q 'Number of areas attached to this router: 1'; }
volume=functions
machine functions USER_DATA=/disks/user-data
ok "Nginx answers in Apache's place" eventually 240 shows functions "<h1>balanced</h1>"
ok "FRR speaks OSPF" eventually 60 speaks
ok "they end by the power button" stopped functions
docker rm -fv $tag-functions >/dev/null
machine functions USER_DATA=/disks/user-data
ok "Nginx answers at the next start" eventually 240 shows functions "<h1>balanced</h1>"
ok "and FRR speaks OSPF" eventually 60 speaks
docker rm -fv $tag-functions >/dev/null
volume=state

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

# --- a machine with interfaces of its own, between two networks, beside a container that holds its network as a pod's does
docker network create --subnet 172.29.18.0/24 $tag-left >/dev/null
docker network create --subnet 172.29.19.0/24 $tag-right >/dev/null
docker run --detach --name $tag-pod --entrypoint sleep "$image" infinity >/dev/null
docker network connect --ip 172.29.18.30 $tag-left $tag-pod
docker network connect --ip 172.29.19.30 $tag-right $tag-pod
for side in left right; do
  docker run --detach --name $tag-$side --network $tag-$side --cap-add NET_ADMIN --entrypoint sleep "$image" infinity >/dev/null
done
docker exec $tag-left ip route add 172.29.19.0/24 via 172.29.18.30
docker exec $tag-right ip route add 172.29.18.0/24 via 172.29.19.30
legs=net0=172.29.18.30/24,net1=172.29.19.30/24
in_pod=(--network "container:$tag-pod" --volume "$tag-device:/dev/net")
as_node() { docker run --rm "${in_pod[@]}" --cap-add NET_ADMIN --entrypoint "$1" "$image" "${@:2}"; }
plug() { docker run --rm "${in_pod[@]}" --read-only --cap-drop ALL --cap-add NET_ADMIN --cap-add MKNOD -e LEGS=$legs "$image" legs; }
for at in 0 1; do as_node bash -c "ip link set eth$((at + 1)) down && ip link set eth$((at + 1)) name net$at up"; done
docker run --rm --volume "$tag-routed:/state" --entrypoint chown "$image" 65532:65532 /state
ok "its legs are made" plug
ok "and made again" plug
ok "the container has their addresses no more" not as_node bash -c 'ip -4 -oneline address | grep -q 172.29.1[89].30'
# As `machine` runs it, in the network of the other one, and with the device.
docker run --detach --tty --interactive --name $tag-router --user 65532:65532 --cap-drop ALL --read-only --network "container:$tag-pod" \
  --volume "$tag-device:/dev/net:ro" --volume "$tag-routed:/state" --volume "$scratch:/disks:ro" --tmpfs /run/vm:mode=777 --tmpfs /tmp:mode=1777 \
  -e DISK=/disks/disk.qcow2 -e PORTS=8080:80 -e ACCEL=tcg -e MEMORY_MIB=128 -e GUEST_NAME=router -e LEGS=$legs -e FORWARDS=yes "$image" >/dev/null
reaches() { docker exec $tag-left busybox ping -c 1 -W 2 "$1"; }
right=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$tag-right\").IPAddress}}" $tag-right)
ok "it answers at its address" eventually 240 reaches 172.29.18.30
ok "and forwards" eventually 60 reaches "$right"
ok "as a router that counts down" docker exec $tag-left sh -c "busybox traceroute -n -m 3 -w 2 $right 2>/dev/null | grep -q ' 1  172.29.18.30'"
ok "its guest agent answers still" eventually 60 docker exec $tag-router /start.sh ping
ok "it calls its interfaces as the container does" sh -c "docker exec $tag-router /start.sh exec /usr/sbin/ip -4 -oneline address show net1 | grep -q 172.29.19.30/24"
address=$(docker inspect --format '{{.NetworkSettings.Networks.bridge.IPAddress}}' $tag-pod)
ok "its ports lead into it, whoever asks" eventually 60 curl --silent --fail --noproxy '*' --max-time 5 --output /dev/null "http://$address:8080"
files=$(docker inspect --format '{{.NetworkSettings.IPAddress}}' $tag-files)
docker exec $tag-left ip route add "$files" via 172.29.18.30
ok "its pod reaches what is in its own network" docker exec $tag-pod curl --silent --fail --noproxy '*' --max-time 5 --head "http://$files/keys"
ok "but nothing that it forwards leaves by its management" not docker exec $tag-left curl --silent --noproxy '*' --max-time 5 --head "http://$files/keys"
in_guest router /bin/sh -c 'head -c 1000000 /dev/zero >/var/www/html/large'
ok "large answers arrive" test "$(docker exec $tag-left curl --silent --noproxy '*' --max-time 20 http://172.29.18.30/large | wc -c)" == 1000000
ok "it ends by its power button" stopped router
ok "and forwards no more" not reaches "$right"
