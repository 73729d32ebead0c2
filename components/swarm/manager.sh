# shellcheck shell=bash
# The first manager of a Docker Swarm: Docker enabled, the swarm made, and Docker's API on
# tcp://ADVERTISE_ADDRESS:2376 for clients that hold a certificate of this swarm's own authority (mutual TLS), besides
# the local socket. Keys and certificates are made here and stay in /etc/hybrid-vnf/swarm, readable by root alone;
# credentials.sh prints what a client needs. Run again, it changes no byte of them.
#
# Input: ADVERTISE_ADDRESS  an IPv4 address of this machine that the other nodes and the clients reach
#        SANS               further names or addresses under which clients reach it, separated by commas
# Use:   bash -s -- create | update | delete | check
# Prints {"nodeId":...,"nodeName":...,"address":...,"endpoint":"tcp://...:2376"}
umask 077

address=${ADVERTISE_ADDRESS:-}
folder=/etc/hybrid-vnf/swarm
dropin=/etc/systemd/system/docker.service.d/hybrid-vnf-swarm.conf
enabled_here=$folder/enabled-docker
days=3650

check_input() {
  local entry entries=()
  is_address "$address" ||
    problem "ADVERTISE_ADDRESS is '$address'; it must be an IPv4 address of this machine, such as 10.100.101.20."
  names="IP:$address,IP:127.0.0.1,DNS:localhost"
  IFS=, read -ra entries <<<"${SANS:-}"
  for entry in "${entries[@]}"; do
    if is_address "$entry"; then
      [[ ,$names, == *",IP:$entry,"* ]] || names+=",IP:$entry"
    elif [[ $entry =~ ^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ && ! $entry =~ ^[0-9.]+$ ]]; then
      [[ ,$names, == *",DNS:$entry,"* ]] || names+=",DNS:$entry"
    else
      problem "SANS holds '$entry'; each entry must be a host name or an IPv4 address."
    fi
  done
  stop_on_problems
  require_own_address ADVERTISE_ADDRESS "$address"
  require_command docker docker.io
  require_command openssl openssl
}

# A key and its certificate appear together or not at all, whatever interrupts this.
certificate() {
  local name=$1 subject=$2 extensions=$3
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name-key.new"
  if [[ $name == ca ]]; then
    openssl req -x509 -new -key ca-key.new -subj "$subject" -days "$days" -out ca.new \
      -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
  else
    openssl req -new -key "$name-key.new" -subj "$subject" |
      openssl x509 -req -CA ca.pem -CAkey ca-key.pem -set_serial "0x$(openssl rand -hex 16)" -days "$days" \
        -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%s\n' "$extensions") -out "$name.new" 2>/dev/null
  fi
  mv -f -- "$name-key.new" "$name-key.pem"
  mv -f -- "$name.new" "$name.pem"
}

# Whether a certificate and its key belong together, come from this authority and hold for 30 more days.
holds() {
  [[ -s $1.pem && -s $1-key.pem ]] &&
    openssl verify -CAfile ca.pem "$1.pem" >/dev/null 2>&1 &&
    openssl x509 -in "$1.pem" -noout -checkend $((30 * 86400)) >/dev/null &&
    [[ $(openssl x509 -in "$1.pem" -noout -pubkey) == "$(openssl pkey -in "$1-key.pem" -pubout)" ]]
}

make_certificates() {
  cd "$folder" || exit
  holds ca || certificate ca "/CN=hybrid-vnf swarm $address" ""
  if ! holds server || [[ $(cat server.names 2>/dev/null) != "$names" ]]; then
    certificate server "/CN=$address" "extendedKeyUsage=serverAuth"$'\n'"subjectAltName=$names"
    printf '%s\n' "$names" >server.names
    restart=yes
  fi
  holds client || certificate client "/CN=hybrid-vnf client" "extendedKeyUsage=clientAuth"
  cd /
}

# Docker's own command line with the API and its certificates added.
listen() {
  local unit command
  unit=$(systemctl show docker.service --property FragmentPath --value)
  [[ -n $unit ]] || fail "This machine has no docker.service; Docker must run under systemd."
  command=$(grep -m1 '^ExecStart=' "$unit")
  [[ $command =~ [[:space:]](-H|--host)[[:space:]=] ]] || command+=" -H unix:///var/run/docker.sock"
  (umask 022 && mkdir -p "${dropin%/*}")
  put "$dropin" <<UNIT || return 0
# Made by hybrid-vnf: Docker's API for clients with a certificate of this swarm.
[Service]
ExecStart=
$command -H tcp://$address:2376 --tlsverify --tlscacert=$folder/ca.pem --tlscert=$folder/server.pem --tlskey=$folder/server-key.pem
UNIT
  systemctl daemon-reload
  restart=yes
}

run_docker() {
  if ! systemctl --quiet is-enabled docker.service 2>/dev/null; then
    : >"$enabled_here"
    systemctl --quiet enable docker.service >&2
  fi
  if [[ $restart == yes ]]; then systemctl restart docker.service; else systemctl start docker.service; fi ||
    fail "Docker does not start on this machine: $(journalctl _SYSTEMD_UNIT=docker.service -n 1 --no-pager -o cat | tr '\n' ' ')"
}

# Refuses a machine that cannot become this manager, before anything on it is changed.
check_swarm() {
  local state now
  systemctl --quiet is-active docker.service || return 0
  state=$(docker info --format '{{.Swarm.LocalNodeState}}')
  case $state in
    inactive) ;;
    active)
      [[ $(docker info --format '{{.Swarm.ControlAvailable}}') == true ]] ||
        fail "This machine is a worker of another swarm; take it out ('docker swarm leave' on it) or choose another machine as manager."
      now=$(docker info --format '{{.Swarm.NodeAddr}}')
      [[ $now == "$address" ]] ||
        fail "This machine's swarm advertises $now, and that address cannot be changed to $address in place; replace the swarm or keep the address."
      ;;
    locked) fail "The swarm on this machine is locked; unlock it ('docker swarm unlock' on the machine) and try again." ;;
    *) fail "The swarm on this machine is in state '$state' ($(docker info --format '{{.Swarm.Error}}')); restart Docker there or replace the machine." ;;
  esac
}

make_swarm() {
  [[ $(docker info --format '{{.Swarm.LocalNodeState}}') == active ]] ||
    docker swarm init --advertise-addr "$address" --listen-addr "$address:2377" --data-path-addr "$address" >/dev/null
}

create() {
  restart=no
  check_input
  check_swarm
  (umask 022 && mkdir -p "${folder%/*}")
  mkdir -p "$folder"
  make_certificates
  listen
  run_docker
  check_swarm # once more, for a machine whose Docker was not running before
  make_swarm
  printf '{"nodeId":"%s","nodeName":"%s","address":"%s","endpoint":"tcp://%s:2376"}\n' \
    "$(docker info --format '{{.Swarm.NodeID}}')" "$(docker info --format '{{.Name}}')" "$address" "$address"
}

remove() {
  [[ -d $folder ]] || return 0
  if systemctl --quiet is-active docker.service; then
    [[ $(docker info --format '{{.Swarm.LocalNodeState}}') == inactive ]] || docker swarm leave --force >&2
  fi
  rm -f -- "$dropin"
  systemctl daemon-reload
  if [[ -e $enabled_here ]]; then
    systemctl --quiet disable docker.service >&2
    systemctl stop docker.socket docker.service >&2
  else
    systemctl try-restart docker.service >&2
  fi
  rm -rf -- "$folder"
}

check() {
  systemctl --quiet is-active docker.service || differs "Docker is stopped; it was running."
}

act manager.sh "$@"
