# shellcheck shell=bash
# Prints what it takes to use and to join the swarm that manager.sh made on this machine, as JSON:
#   {"ca":PEM,"cert":PEM,"key":PEM,"workerToken":...,"managerToken":...}
# ca, cert and key are for Docker's API over mutual TLS. What it prints is a secret, and the same on every run.
#
# Use: bash -s -- create | update | delete   (delete has nothing to undo)

folder=/etc/hybrid-vnf/swarm

pem() {
  local text
  text=$(<"$folder/$1")
  printf '"%s\\n"' "${text//$'\n'/\\n}"
}

create() {
  local file worker manager
  for file in ca.pem client.pem client-key.pem; do
    [[ -s $folder/$file ]] || fail "$folder/$file is not on this machine; run manager.sh on it first."
  done
  [[ $(docker info --format '{{.Swarm.ControlAvailable}}') == true ]] ||
    fail "This machine is not a manager of a swarm; run manager.sh on it first."
  worker=$(docker swarm join-token --quiet worker)
  manager=$(docker swarm join-token --quiet manager)
  printf '{"ca":%s,"cert":%s,"key":%s,"workerToken":"%s","managerToken":"%s"}\n' \
    "$(pem ca.pem)" "$(pem client.pem)" "$(pem client-key.pem)" "$worker" "$manager"
}

act credentials.sh "$@"
