# shellcheck shell=bash
# Makes this machine a node of a Docker Swarm; the token decides whether it becomes a worker or a manager.
#
# Input: MANAGER_ADDRESS    a manager's IPv4 address, :2377 if no port is given
#        TOKEN              a join token of that swarm (secret: it reaches Docker over its socket, never a command line)
#        ADVERTISE_ADDRESS  this machine's address for the other nodes
#        JOIN_TIMEOUT       seconds until it must be a member (default 60)
# Use:   bash -s -- create | update | delete   (delete: the machine leaves; a manager is demoted first)
# Prints {"nodeId":...,"nodeName":...,"address":...,"role":"worker"|"manager"}
umask 077

address=${ADVERTISE_ADDRESS:-}
manager=${MANAGER_ADDRESS:-}
[[ $manager == *:* ]] || manager+=:2377
token=${TOKEN:-}
limit=${JOIN_TIMEOUT:-60}
# No child but the request itself needs the token.
export -n TOKEN 2>/dev/null || true

folder=/etc/hybrid-vnf/swarm-node
enabled_here=$folder/enabled-docker

info() { docker info --format "{{.Swarm.$1}}"; }

check_input() {
  is_address "$address" ||
    problem "ADVERTISE_ADDRESS is '$address'; it must be an IPv4 address of this machine, such as 10.100.101.21."
  { is_address "${manager%:*}" && is_number "${manager##*:}" 1 65535; } ||
    problem "MANAGER_ADDRESS is '${MANAGER_ADDRESS:-}'; it must be a manager's IPv4 address, such as 10.100.101.20 or 10.100.101.20:2377."
  [[ $token =~ ^SWMTKN-1-[0-9a-z]+-[0-9a-z]+$ ]] ||
    problem "TOKEN is not a join token (SWMTKN-1-...); take workerToken or managerToken from credentials.sh on a manager."
  is_number "$limit" 1 9999 || problem "JOIN_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
  stop_on_problems
  require_own_address ADVERTISE_ADDRESS "$address"
  require_command docker docker.io
  require_command curl curl
}

run_docker() {
  (umask 022 && mkdir -p "${folder%/*}")
  mkdir -p "$folder"
  if ! systemctl --quiet is-enabled docker.service 2>/dev/null; then
    : >"$enabled_here"
    systemctl --quiet enable docker.service >&2
  fi
  systemctl start docker.service ||
    fail "Docker does not start on this machine: $(journalctl _SYSTEMD_UNIT=docker.service -n 1 --no-pager -o cat | tr '\n' ' ')"
}

# Asks Docker to join and prints its answer's status and, where it refuses, its message.
ask() {
  printf '{"ListenAddr":"%s:2377","AdvertiseAddr":"%s","DataPathAddr":"%s","RemoteAddrs":["%s"],"JoinToken":"%s"}' \
    "$address" "$address" "$address" "$manager" "$token" |
    curl --silent --show-error --noproxy '*' --max-time "$limit" --unix-socket /run/docker.sock \
      --header 'Content-Type: application/json' --data-binary @- --write-out '\n%{http_code}' http://docker/swarm/join
}

join() {
  local answer message asked=0 end=$((SECONDS + limit))
  answer=$(ask) || asked=$?
  # 28: no answer in time; Docker goes on trying in the background, and the loop below says how that ended.
  ((asked == 0 || asked == 28)) || fail "Docker on this machine cannot be asked to join (curl ended with status $asked)."
  if ((asked == 0)) && [[ ${answer##*$'\n'} != 200 ]]; then
    message=$(sed -n 's/.*"message":"\(.*\)"}.*/\1/p' <<<"$answer")
    message=${message//"$token"/(token)}
    # 503: likewise no answer in time.
    [[ ${answer##*$'\n'} == 503 && $(info LocalNodeState) == pending ]] ||
      fail "Docker could not join the swarm of $manager: ${message:-no reason given}."
  fi
  until [[ $(info LocalNodeState) == active && -n $(info NodeID) ]]; do
    if ((SECONDS >= end)); then
      message=$(info Error)
      docker swarm leave --force >/dev/null 2>&1 || true
      fail "This machine is not a member of the swarm of $manager after $limit s (JOIN_TIMEOUT): ${message:-no answer from the manager}; ports 2377, 7946 and 4789 between the two must be open."
    fi
    sleep 0.5
  done
}

create() {
  check_input
  run_docker
  case $(info LocalNodeState) in
    # Docker keeps "error" for a node that its swarm has removed or whose certificate has run out: it must join anew.
    error)
      say "This machine's membership is broken ($(info Error)); it joins again."
      docker swarm leave --force >&2
      join
      ;;
    active)
      [[ " $(docker info --format '{{range .Swarm.RemoteManagers}}{{.Addr}} {{end}}')" == *" $manager "* ]] ||
        fail "This machine is a member of another swarm (managers: $(docker info --format '{{range .Swarm.RemoteManagers}}{{.Addr}} {{end}}')); take it out there first ('docker swarm leave' on it)."
      ;;
    locked) fail "The swarm on this machine is locked; unlock it ('docker swarm unlock' on the machine) and try again." ;;
    *) join ;;
  esac
  printf '{"nodeId":"%s","nodeName":"%s","address":"%s","role":"%s"}\n' "$(info NodeID)" "$(docker info --format '{{.Name}}')" \
    "$(info NodeAddr)" "$([[ $(info ControlAvailable) == true ]] && echo manager || echo worker)"
}

remove() {
  local end
  [[ -d $folder ]] || return 0
  if systemctl --quiet is-active docker.service && [[ $(info LocalNodeState) != inactive ]]; then
    # A manager that leaves without being demoted still counts in the others' majority.
    if [[ $(info ControlAvailable) == true && $(info Managers) -gt 1 ]]; then
      end=$((SECONDS + 30))
      docker node demote self >&2 || true
      until [[ $(info ControlAvailable) == false ]] || ((SECONDS >= end)); do sleep 0.5; done
    fi
    docker swarm leave --force >&2
  fi
  if [[ -e $enabled_here ]]; then
    systemctl --quiet disable docker.service >&2
    systemctl stop docker.socket docker.service >&2
  fi
  rm -rf -- "$folder"
}

act join.sh "$@"
