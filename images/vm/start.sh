#!/usr/bin/env bash
# A virtual machine in this container: QEMU, whose serial console is this container's input and output.
#
#   DISK        the disk that it starts from, which stays as it is: a file, or an address (http:// or https://)
#   DISK_SHA256 what the disk's SHA-256 must be (needed for an address)
#   DISK_FORMAT qcow2 or raw                                                   (default qcow2)
#   DISK_GIB    how large the machine sees its disk, in GiB                    (default as large as it is)
#   STATE       the folder that what the machine writes is kept in             (default /state)
#   MEMORY_MIB  its memory                                                     (default 256)
#   MEMORY_PATH a folder of large pages (hugetlbfs) that its memory is in       (default pages as the kernel has them)
#   CPUS        its processors                                                 (default 1)
#   PORTS       TCP ports of this container that lead into it: 80,8022:22      (may be empty)
#   LEGS        this container's interfaces that are the machine's, with its addresses: net1=10.0.1.30/24,net2=10.0.2.30/24 (may be empty)
#   FORWARDS    yes: it is told to forward between them, and nothing leaves it by this container's own address (default no)
#   ACCEL       auto: KVM where a guest has just run under it, else emulation; or tcg: emulation
#   USER_DATA   a file with user data for cloud-init                           (may be left out)
#   SSH_KEYS    a file with public keys that its user is to let in             (may be left out)
#   GUEST_NAME  its host name                                                  (default this container's)
#   INSTANCE_ID cloud-init does its work once for each                         (default GUEST_NAME)
#
# Host name, keys, user data and the addresses of its legs reach it as a NoCloud seed: a disk labelled cidata. The machine has the address
# 10.0.2.15 behind this container's own (QEMU's user networking). SIGTERM presses its power button, again every few seconds until it is off.
# Input that cannot work ends this with status 2 and one sentence for each thing that is wrong.
#
#   start.sh            runs the machine
#   start.sh check      checks the input
#   start.sh legs       makes a tap for each of its legs, before it runs: as root, with NET_ADMIN and MKNOD; /dev/net is a folder to write in
#   start.sh tool FILE  puts a program there that needs no other file: cp and sh for images that have none
#   start.sh seed FILE  makes the seed
#   start.sh exec COMMAND…  runs it in the machine, by its guest agent: its output, its status
#   start.sh ping       whether its guest agent answers
#   start.sh running    whether QEMU answers, and runs the machine: it halts one whose disk it can't write
#   start.sh probe ACCELERATOR  whether a guest runs under kvm, or tcg
set -euo pipefail

run=${RUN:-/run/vm}
state=${STATE:-/state}
disk=${DISK:-}
format=${DISK_FORMAT:-qcow2}
memory=${MEMORY_MIB:-256}
cpus=${CPUS:-1}
accel=${ACCEL:-auto}
guest=${GUEST_NAME:-$(hostname)}
probe_seconds=5
user=65532 # whom the taps belong to, which QEMU runs as
management=52:54:00:12:34:56
gateway=10.0.2.2 # QEMU's (slirp)
press_again=5    # seconds
agent_seconds=5

say() { printf 'vm: %s\n' "$*" >&2; }
problem() { problems+=("$*"); }

is_number() { [[ $1 =~ ^[1-9][0-9]{0,6}$ ]] && (($1 >= $2 && $1 <= $3)); }

read_ports() {
  local entry entries=() place=0 outside inside
  [[ -n ${PORTS:-} ]] || return 0
  IFS=, read -ra entries <<<"$PORTS,"
  for entry in "${entries[@]}"; do
    place=$((place + 1))
    outside=${entry%%:*} inside=${entry#*:}
    if ! is_number "$outside" 1 65535 || ! is_number "$inside" 1 65535; then
      problem "PORTS is '$PORTS'; its entry $place must be a port from 1 to 65535, or two with a colon between, such as 8022:22."
    elif [[ " ${outsides[*]} " == *" $outside "* ]]; then
      problem "PORTS is '$PORTS', which names port $outside twice; name each once."
    else
      outsides+=("$outside")
      forwards+=",hostfwd=tcp::$outside-:$inside"
    fi
  done
}

# Of LEGS: the interfaces, and the machine's addresses there.
read_legs() {
  local entry entries=() place=0 octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
  [[ -n ${LEGS:-} ]] || return 0
  IFS=, read -ra entries <<<"$LEGS,"
  for entry in "${entries[@]}"; do
    place=$((place + 1))
    if [[ ! $entry =~ ^[A-Za-z0-9_.-]{1,15}=$octet(\.$octet){3}/([1-9]|[12][0-9]|3[0-2])$ ]]; then
      problem "LEGS is '$LEGS'; its entry $place must be an interface and the machine's address there, such as net1=10.0.1.30/24."
    elif [[ ! -d /sys/class/net/${entry%%=*} ]]; then
      problem "LEGS is '$LEGS', and this container has no interface ${entry%%=*}."
    elif [[ " ${legs[*]} " == *" ${entry%%=*} "* ]]; then
      problem "LEGS is '$LEGS', which names ${entry%%=*} twice; name each once."
    else
      legs+=("${entry%%=*}")
      addresses+=("${entry#*=}")
    fi
  done
}
refuse_problems() {
  ((${#problems[@]})) || return 0
  printf '%s\n' "${problems[@]}" >&2
  exit 2
}

check_input() {
  local name
  problems=() outsides=() forwards='' legs=() addresses=()
  case $disk in
    '') problem "DISK is empty; it must be the file of a disk, or its address (https://)." ;;
    http://* | https://*)
      [[ ${DISK_SHA256:-} =~ ^[0-9a-f]{64}$ ]] ||
        problem "DISK_SHA256 is '${DISK_SHA256:-}'; for a disk from an address it must be its SHA-256, 64 hexadecimal digits."
      ;;
    *) [[ -r $disk && -f $disk ]] || problem "DISK is '$disk', which cannot be read; it must be the file of a disk." ;;
  esac
  [[ $format == qcow2 || $format == raw ]] || problem "DISK_FORMAT is '$format'; it must be qcow2 or raw."
  [[ -z ${DISK_GIB:-} ]] || is_number "$DISK_GIB" 1 65536 || problem "DISK_GIB is '$DISK_GIB'; it must be a whole number of GiB from 1 to 65536."
  is_number "$memory" 16 1048576 || problem "MEMORY_MIB is '$memory'; it must be a whole number of MiB from 16 to 1048576."
  is_number "$cpus" 1 255 || problem "CPUS is '$cpus'; it must be a whole number from 1 to 255."
  [[ $accel == auto || $accel == tcg ]] || problem "ACCEL is '$accel'; it must be auto or tcg."
  [[ $guest =~ ^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$ ]] ||
    problem "GUEST_NAME is '$guest'; it must be a host name of at most 63 letters, digits and dashes."
  [[ ${INSTANCE_ID:-$guest} =~ ^[A-Za-z0-9._-]{1,128}$ ]] ||
    problem "INSTANCE_ID is '$INSTANCE_ID'; it must be at most 128 letters, digits, dots, dashes and underscores."
  for name in USER_DATA SSH_KEYS; do
    [[ -z ${!name:-} || -r ${!name} ]] || problem "$name is '${!name}', which cannot be read; name a file, or leave it out."
  done
  [[ -d $state && -w $state ]] || problem "STATE is '$state', which is no folder that can be written; mount a volume there."
  read_ports
  read_legs
  [[ ${FORWARDS:-no} =~ ^(yes|no)$ ]] || problem "FORWARDS is '$FORWARDS'; it must be yes or no."
  [[ ${FORWARDS:-no} != yes || ${#legs[@]} -gt 1 ]] ||
    problem "FORWARDS is yes, and LEGS names ${#legs[@]} interface(s); a machine forwards between at least two."
  refuse_problems
}

# All frames that come in by an interface go out of another one, whoever they are for.
lead() { # FROM TO
  tc qdisc delete dev "$1" ingress 2>/dev/null || true
  tc qdisc add dev "$1" ingress
  tc filter add dev "$1" parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev "$2"
}

# A tap is the machine's end of a leg: what this container's interface gets goes there, and what comes from there goes out of it. The interface keeps
# no address, for the machine has it; its MAC address, which is the machine's too, is made of that, so that neighbours find it again behind another pod.
make_legs() {
  local at leg tap mac octet
  problems=() legs=() addresses=()
  read_legs
  refuse_problems
  [[ -c /dev/net/tun ]] || mknod -m 666 /dev/net/tun c 10 200
  for at in "${!legs[@]}"; do
    leg=${legs[at]} tap=vmtap$at mac=0a:58
    IFS=. read -ra octet <<<"${addresses[at]%/*}"
    mac+=$(printf ':%02x' "${octet[@]}")
    ip link delete "$tap" 2>/dev/null || true
    ip tuntap add dev "$tap" mode tap user "$user"
    ip link set "$tap" addrgenmode none mtu "$(<"/sys/class/net/$leg/mtu")" up
    ip link set "$leg" addrgenmode none
    ip address flush dev "$leg"
    ip link set "$leg" address "$mac" 2>/dev/null || say "$leg keeps its MAC address, for it can't be changed"
    # The machine says itself which groups it is in, and its pod's interface does not hear it.
    ip link set "$leg" allmulticast on up
    lead "$leg" "$tap"
    lead "$tap" "$leg"
  done
}

# As cloud-init's NoCloud reads it. Texts in YAML's double quotes are those of JSON.
make_seed() {
  local key folder
  folder=$(mktemp -d)
  {
    printf 'instance-id: "%s"\nlocal-hostname: "%s"\n' "${INSTANCE_ID:-$guest}" "$guest"
    if [[ -n ${SSH_KEYS:-} ]]; then
      printf 'public-keys:\n'
      while read -r key; do [[ -z $key ]] || printf '  - %s\n' "$(jq --null-input --arg key "$key" '$key')"; done <"$SSH_KEYS"
    fi
  } >"$folder/meta-data"
  if [[ -n ${USER_DATA:-} ]]; then cat -- "$USER_DATA" >"$folder/user-data"; else echo '#cloud-config' >"$folder/user-data"; fi
  if ((${#legs[@]})); then
    [[ ${FORWARDS:-no} == no ]] || printf 'forwards: "yes"\n' >>"$folder/meta-data"
    network_config >"$folder/network-config"
  fi
  genisoimage -quiet -output "$1" -volid cidata -joliet -rock "$folder"
  rm -rf -- "$folder"
}

# Version 2, each interface by its MAC address: which number the machine's kernel gives it is nobody's to say.
network_config() {
  local at
  printf 'version: 2\nethernets:\n  management:\n    match: { macaddress: "%s" }\n    set-name: management\n    dhcp4: true\n' "$management"
  # By which who asks at its ports gets an answer: with `restrict`, QEMU's own DHCP tells of none.
  [[ ${FORWARDS:-no} == no ]] || printf '    routes: [{ to: "0.0.0.0/0", via: "%s", metric: 1000 }]\n' "$gateway"
  for at in "${!legs[@]}"; do
    printf '  %s:\n    match: { macaddress: "%s" }\n    set-name: "%s"\n    addresses: ["%s"]\n' \
      "${legs[at]}" "$(<"/sys/class/net/${legs[at]}/address")" "${legs[at]}" "${addresses[at]}"
  done
}

# QEMU's cards for its legs, behind the first one, which is the management's.
cards() {
  local at folder
  for at in "${!legs[@]}"; do
    folder=/sys/class/net/${legs[at]}
    qemu_legs+=(-netdev "tap,id=leg$at,ifname=vmtap$at,script=no,downscript=no"
      -device "virtio-net-pci,netdev=leg$at,mac=$(<"$folder/address"),host_mtu=$(<"$folder/mtu"),romfile=")
  done
}

# The disk itself stays as it is; what the machine writes goes into a file over it, which is good for that disk only.
prepare_disk() {
  local found size=()
  if [[ $disk == http* ]]; then
    if [[ ! -f $state/disk || $(<"$state/disk.sha256") != "$DISK_SHA256" ]]; then
      say "fetching $disk"
      curl --fail --silent --show-error --location --retry 3 --output "$state/disk.new" "$disk" || {
        say "The disk could not be fetched from $disk; curl's words are above."
        exit 1
      }
      found=$(sha256sum <"$state/disk.new" | cut -d' ' -f1)
      if [[ $found != "$DISK_SHA256" ]]; then
        rm -f -- "$state/disk.new"
        say "What $disk gives has the SHA-256 $found, and DISK_SHA256 is $DISK_SHA256; name the right one."
        exit 2
      fi
      [[ ! -f $state/written.qcow2 ]] || refuse_other "$found"
      mv -f -- "$state/disk.new" "$state/disk"
      echo "$found" >"$state/disk.sha256"
    fi
    disk=$state/disk
    found=$DISK_SHA256
  else
    found=$(sha256sum <"$disk" | cut -d' ' -f1)
    [[ -z ${DISK_SHA256:-} || $found == "$DISK_SHA256" ]] || {
      say "$disk has the SHA-256 $found, and DISK_SHA256 is $DISK_SHA256; name the right one."
      exit 2
    }
  fi
  if [[ -f $state/written.qcow2 ]]; then
    [[ $(<"$state/written.on") == "$found" ]] || refuse_other "$found"
    say "going on with what the machine wrote before"
    return
  fi
  [[ -z ${DISK_GIB:-} ]] || size=("${DISK_GIB}G")
  qemu-img create -q -f qcow2 -b "$disk" -F "$format" "$state/written.new" "${size[@]}" >&2
  echo "$found" >"$state/written.on"
  mv -f -- "$state/written.new" "$state/written.qcow2"
}
refuse_other() {
  say "What the machine wrote is over a disk with the SHA-256 $(<"$state/written.on"), and this one has $1; go back to that disk, or take the volume away, with all that the machine has written."
  exit 2
}

# A device file proves nothing: a guest must run. The shell's own word of how QEMU ended goes nowhere.
runs_under() { # ACCELERATOR
  local status=0
  {
    timeout --signal KILL "$probe_seconds" qemu-system-x86_64 -accel "$1" -cpu max -m 16 -nodefaults -display none \
      -drive if=virtio,format=raw,readonly=on,file=/probe.bin -device isa-debug-exit,iobase=0xf4,iosize=4 </dev/null >/dev/null || status=$?
  } 2>/dev/null
  ((status == 33))
}

choose_accelerator() {
  local slow="the machine is emulated (TCG), many times slower than on a processor"
  accelerator=(-accel "tcg,tb-size=64" -cpu max)
  if [[ $accel == tcg ]]; then
    say "$slow, as it was asked for"
  elif [[ ! -w /dev/kvm ]]; then
    say "WARNING: there is no /dev/kvm here: $slow"
  elif runs_under kvm; then
    accelerator=(-accel kvm -cpu host)
  else
    say "WARNING: /dev/kvm is here and has run no guest within $probe_seconds s: $slow"
  fi
}

start() {
  local status=0 qemu pressed='' qemu_legs=() restrict=''
  check_input
  cards
  # What it forwards does not get out by its management.
  [[ ${FORWARDS:-no} == no ]] || restrict=,restrict=on
  mkdir -p "$run"
  rm -f -- "$run"/*
  prepare_disk
  make_seed "$run/seed.iso"
  choose_accelerator
  trap 'pressed=yes' TERM INT
  # Its input is named, for a shell gives a command in the background none.
  qemu-system-x86_64 -name "$guest" -machine pc -nodefaults -no-user-config -display none \
    -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
    "${accelerator[@]}" -smp "$cpus" -m "$memory" ${MEMORY_PATH:+-mem-path "$MEMORY_PATH" -mem-prealloc} \
    -drive "if=none,id=disk,format=qcow2,discard=unmap,file=$state/written.qcow2" -device virtio-blk-pci,drive=disk,bootindex=1 \
    -drive "if=none,id=seed,format=raw,readonly=on,file=$run/seed.iso" -device virtio-blk-pci,drive=seed \
    -netdev "user,id=net$restrict$forwards" -device "virtio-net-pci,netdev=net,mac=$management,romfile=" "${qemu_legs[@]}" \
    -device virtio-rng-pci \
    -chardev "socket,id=agent,path=$run/agent,server=on,wait=off" \
    -device virtio-serial-pci -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0 \
    -chardev "socket,id=monitor,path=$run/monitor,server=on,wait=off" -mon chardev=monitor,mode=readline \
    -chardev stdio,id=console,signal=off -serial chardev:console <&0 &
  qemu=$!
  until [[ -n $pressed ]]; do
    status=0
    wait "$qemu" || status=$?
    [[ -n $pressed ]] || exit "$status"
  done
  while kill -0 "$qemu" 2>/dev/null; do
    echo system_powerdown | socat - "unix-connect:$run/monitor" >/dev/null 2>&1 || true
    for ((tenth = 0; tenth < press_again * 10; tenth++)); do
      kill -0 "$qemu" 2>/dev/null || break
      sleep 0.1
    done
  done
  status=0
  wait "$qemu" || status=$?
  say "the machine is off"
  exit "$status"
}

# talk REQUEST…: what the guest agent answers to each, a line each. One at a time, for it serves one; what is left of an earlier talk is passed over.
talk() {
  local number=$RANDOM line request agent
  exec 9>"$run/agent.lock"
  flock --timeout "$agent_seconds" 9
  coproc agent { exec socat - "unix-connect:$run/agent"; } 2>/dev/null
  printf '{"execute":"guest-sync","arguments":{"id":%d}}\n' "$number" >&"${agent[1]}"
  until [[ ${line:-} == *"\"return\": $number"* ]]; do read -r -t "$agent_seconds" -u "${agent[0]}" line || return 1; done
  for request in "$@"; do
    printf '%s\n' "$request" >&"${agent[1]}"
    read -r -t "$agent_seconds" -u "${agent[0]}" line || return 1
    printf '%s\n' "$line"
  done
}

# Runs a command there, and passes on what it printed and its status.
in_guest() {
  local started pid ended
  started=$(talk "$(jq --null-input --compact-output '{execute: "guest-exec", arguments: {path: $ARGS.positional[0], arg: $ARGS.positional[1:],
    "capture-output": true}}' --args -- "$@")") || silent
  pid=$(jq '.return.pid // empty' <<<"$started")
  if [[ -z $pid ]]; then
    say "the guest agent: $(jq --raw-output '.error.desc' <<<"$started")"
    exit 126
  fi
  until ended=$(talk "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}") && [[ $(jq .return.exited <<<"$ended") == true ]]; do sleep 0.1; done
  jq --raw-output '.return["err-data"] // empty' <<<"$ended" | base64 --decode >&2
  jq --raw-output '.return["out-data"] // empty' <<<"$ended" | base64 --decode
  exit "$(jq '.return.exitcode // 1' <<<"$ended")"
}
silent() {
  say "the guest agent does not answer within $agent_seconds s"
  exit 125
}

# Asks QEMU's monitor, which serves one at a time.
is_running() {
  local line='' monitor
  coproc monitor { exec socat - "unix-connect:$run/monitor"; } 2>/dev/null
  echo 'info status' >&"${monitor[1]}"
  until [[ $line == *"VM status: "* ]]; do
    read -r -t "$agent_seconds" -u "${monitor[0]}" line || {
      say "QEMU does not answer within $agent_seconds s"
      exit 1
    }
  done
  line=${line##*VM status: }
  line=${line%$'\r'}
  [[ $line == running ]] || {
    say "QEMU does not run the machine: $line"
    exit 1
  }
}

case ${1:-start} in
  start) start ;;
  check) check_input ;;
  legs) make_legs ;;
  tool) install -m 755 /bin/busybox "$2" ;;
  seed)
    problems=() legs=() addresses=()
    read_legs
    refuse_problems
    make_seed "$2"
    ;;
  exec) shift && in_guest "$@" ;;
  ping) talk '{"execute":"guest-ping"}' >/dev/null || silent ;;
  running) is_running ;;
  probe) runs_under "$2" ;;
  *)
    say "'$1' is nothing that this knows: start, check, legs, tool FILE, seed FILE, exec COMMAND, ping, running, probe ACCELERATOR."
    exit 2
    ;;
esac
