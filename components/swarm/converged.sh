# shellcheck shell=bash
# Waits until a Swarm service runs what it was last given, each task healthy (a task without a health check counts as soon as it runs), and
# those that they follow have ended, each with the requests that it had; when they don't run in time, says what became of its tasks, which Docker's API leaves to whoever asks further. Runs on a manager.
#
# Input: SERVICE        the service
#        REVISION       what its tasks have as HYBRID_VNF_REVISION in their environment once they are the ones meant
#        REPLICAS       how many of them
#        READY_TIMEOUT  seconds to wait (default 120)
# Use:   bash -s -- create | update

# How many tasks of this revision run. One that goes while it is looked at is left out.
running() {
  local ids meant="{{if eq . \"HYBRID_VNF_REVISION=$REVISION\"}} meant{{end}}"
  mapfile -t ids < <(docker service ps --quiet --no-trunc --filter desired-state=running "$SERVICE")
  { docker inspect --type task --format "{{.Status.State}}{{range .Spec.ContainerSpec.Env}}$meant{{end}}" "${ids[@]}" 2>/dev/null || true; } |
    grep -cxF "running meant" || true
}

# Of each of the service's places that has no running task: the newest error, or what is being done there. Of all when none is without.
states() {
  docker service ps --no-trunc --format '{{.Name}}\t{{.Node}}\t{{.CurrentState}}\t{{.Error}}' "$SERVICE" | awk -F '\t' '
    function where(node) { return node == "" ? ": " : " on " node ": " }
    !($1 in said) { order[++count] = $1; said[$1] = where($2) tolower($3); runs[$1] = $3 ~ /^Running/; running += runs[$1] }
    { gsub(/^"|"$/, "", $4) }
    $4 != "" && !runs[$1] && !($1 in error) { error[$1] = 1; said[$1] = where($2) $4 }
    END {
      for (at = 1; at <= count; at++) {
        name = order[at]
        if (!runs[name] || running == count) { printf "%s%s%s", separator, name, said[name]; separator = "; " }
      }
    }'
}

# How many tasks are told to end and have not. One on a node that is down never says that it has.
ending() {
  awk 'NR == FNR { if ($2 == "Down") down[$1] = 1; next } !($1 in down) && $2 ~ /^(Starting|Running)$/ { count++ } END { print count + 0 }' \
    <(docker node ls --format '{{.Hostname}} {{.Status}}') \
    <(docker service ps --no-trunc --filter desired-state=shutdown --format '{{.Node}} {{.CurrentState}}' "$SERVICE")
}

last_lines() { { timeout 10 docker service logs --raw --tail 3 "$SERVICE" 2>&1 || true; } | tail -n 3; }

create() {
  local started=$SECONDS limit=${READY_TIMEOUT:-120} count lines
  is_number "$limit" 1 9999 || fail "READY_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
  : "${REVISION:?}" "${REPLICAS:?}"
  docker service inspect "${SERVICE:?}" >/dev/null 2>&1 ||
    fail "$(hostname) knows no service $SERVICE, or is no manager of a Swarm; 'docker service ls' on it says more."
  until count=$(running) && ((count == REPLICAS)); do
    if ((SECONDS - started >= limit)); then
      lines=$(last_lines)
      fail "The service $SERVICE has $count of $REPLICAS task(s) running and healthy after $limit s (readyTimeoutSeconds): $(states).${lines:+ It last said: $lines}"
    fi
    sleep 1
  done
  until count=$(ending) && ((count == 0)); do
    ((SECONDS - started < limit)) || fail "The service $SERVICE has $count task(s) that have not ended after $limit s (readyTimeoutSeconds): $(states)."
    sleep 0.5
  done
}

act converged.sh "$@"
