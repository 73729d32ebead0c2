# shellcheck shell=bash
# Gives its routes and the lines of its protocols to a router that runs in a pod of this node, without another start of it. Kubernetes itself tells a pod of a changed
# ConfigMap within minutes, and tells nobody when that is done.
#
# Input: ROUTER  the router's Deployment, in the namespace "default"
#        ROUTES  its routes, as its image reads them (images/quagga/start.sh)
#        PROTOCOLS  FRR's lines for its protocols; left out where it speaks none
# Use:   bash -s -- create | update | check

# The lines hold passwords, so they are in no argument; and they come by a file, for containerd may lose what is on the standard input of
# what it runs in a container.
in_router() {
  local process file=/run/given-$$.conf status=0
  process=$(ctr --namespace k8s.io tasks list | awk -v container="$container" '$1 == container { print $2 }')
  if [[ -n ${PROTOCOLS:-} ]]; then (umask 077 && printf '%s\n' "$PROTOCOLS" >"/proc/$process/root$file"); fi
  ctr --namespace k8s.io tasks exec --exec-id "routes-$$-$RANDOM" "$container" \
    env "ROUTES=$ROUTES" ${PROTOCOLS:+"PROTOCOLS_FILE=$file"} "$@" || status=$?
  rm -f -- "/proc/$process/root$file"
  return "$status"
}

# The container of the router's pod that runs; empty where none does.
running() {
  local one tasks
  # Not by a pipe: what has been read enough ends who still writes, which then counts as a failure, and the router as one that does not run.
  tasks=$(ctr --namespace k8s.io tasks list)
  for one in $(ctr --namespace k8s.io containers list --quiet "labels.\"io.kubernetes.pod.namespace\"==default,labels.\"io.kubernetes.container.name\"==quagga,labels.\"io.kubernetes.pod.name\"~=^$ROUTER-[a-z0-9]+-[a-z0-9]+\$"); do
    if grep -qE "^$one +[0-9]+ +RUNNING" <<<"$tasks"; then
      printf '%s\n' "$one"
      return
    fi
  done
}

create() {
  : "${ROUTER:?}" "${ROUTES?}"
  container=$(running)
  if [[ -z $container ]]; then
    say "The router $ROUTER does not run; it starts with its routes."
    return 0
  fi
  in_router /start.sh reload >&2 || fail "The router $ROUTER does not take its routes; its own words are above."
}

check() {
  local lines line
  container=$(running)
  [[ -n $container ]] || return 0 # what there is of the Deployment, Kubernetes tells
  lines=$(in_router /start.sh differs) || lines="the router $ROUTER does not say what routes it has; it did."
  while read -r line; do [[ -z $line ]] || differs "$line"; done <<<"$lines"
}

act routes.sh "$@"
