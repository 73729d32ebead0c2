#!/usr/bin/env bash
# Proves deliver.sh (and of push.sh what it refuses) against a machine of its own, into containerd and into Docker; needs Docker and the machine image.
# It does not prove engines with the containerd image store (Docker 29 and later), whose IDs are manifest digests.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
deliver=$here/deliver.sh session=$here/../ssh/session.sh
keygen=$here/../ssh/keygen.sh
name=hybrid-vnf/try-$$

network a 172.29.1.0/24
machine node a=172.29.1.30

image_of() { echo "$1" >"$scratch/text" && tar -C "$scratch" -c text | docker import - "$name:latest"; }
first=$(image_of one)
trap 'docker rmi -f "$name:latest" "$first" >/dev/null 2>&1; finish' EXIT

pair=$(locally "$keygen" create) host_pair=$(locally "$keygen" create)
stranger=$(locally "$keygen" create)
# As the lab platform does: the key that is let in, and the host key that is pinned.
{
  printf 'set -e\numask 077\nmkdir -p /root/.ssh\n'
  printf "cat >/root/.ssh/authorized_keys <<'END'\n%s\nEND\n" "$(jq -r .publicKey <<<"$pair")"
  printf "cat >/etc/ssh/ssh_host_ed25519_key <<'END'\n%s\nEND\n" "$(jq -r .privateKey <<<"$host_pair")"
  printf 'systemctl reset-failed ssh || true\nsystemctl restart ssh || { journalctl -u ssh --no-pager -n 5 >&2; exit 1; }\nsystemctl start containerd docker\n'
} | docker exec -i "$tag-node" bash -s

# A subshell of its own keeps the key out of every command line.
deliver() (
  export TMPDIR=$scratch/tmp RUNTIME=$1 HOST=172.29.1.30 IMAGE=$name SSH_TIMEOUT=5 SSH_PRIVATE_KEY HOST_KEY
  SSH_PRIVATE_KEY=$(jq -r .privateKey <<<"$pair")
  HOST_KEY=$(jq -r .publicKey <<<"$host_pair")
  action=$2
  shift 2
  for setting in "$@"; do export "${setting?}"; done
  bash -s -- "$action" < <(cat "$prelude" "$session" "$deliver")
)
sent() { grep -q "has received" "$scratch/err"; }
skipped() { grep -q "has .* already" "$scratch/err"; }
in_containerd() { [[ $(inside node ctr -n k8s.io images ls -q) == *"docker.io/$name:$1"* ]]; }
off_containerd() { ! in_containerd "$1"; }
off_docker() { ! in_docker "$1"; }
in_docker() { [[ $(inside node docker image ls --format '{{.Repository}}:{{.Tag}}') == *"$name:$1"* ]]; }
# Its runs have a temporary folder of their own: other agents on this host are none of this test's.
mkdir "$scratch/tmp"
nothing_left() { ! pgrep -f "ssh-agent -D -a $scratch/tmp" >/dev/null && [[ -z $(find "$scratch/tmp" -mindepth 1) ]]; }

for runtime in containerd docker; do
  there=in_$runtime
  ok "$runtime: brought" deliver $runtime create
  ok "$runtime: sent" sent
  ok "$runtime: there" $there latest
  ok "$runtime: again" deliver $runtime update IMAGE_ID="$first"
  ok "$runtime: not sent twice" skipped
  ok "$runtime: under another name" deliver $runtime create REFERENCE=$name:v1
  ok "$runtime: there as well" $there v1
  ok "$runtime: beside the first" $there latest
  ok "$runtime: off" deliver $runtime delete REFERENCE=$name:v1
  ok "$runtime: gone" off_$runtime v1
done
second=$(image_of two)
for runtime in containerd docker; do
  ok "$runtime: a changed image" deliver $runtime update
  ok "$runtime: sent" sent
  ok "$runtime: its result" deliver $runtime update
  # shellcheck disable=SC2016 # jq's own variables
  ok "$runtime: is the new one" jq -es --arg id "$second" --arg name "$name" '.[0] == {image: $name, id: $id, reference: $name}' "$scratch/out"
  ok "$runtime: the old one's delete" deliver $runtime delete IMAGE_ID="$first"
  ok "$runtime: leaves the new one" in_$runtime latest
  if [[ $runtime == containerd ]]; then # Docker refuses by itself
    inside node ctr -n k8s.io containers create "docker.io/$name:latest" user
    ok "containerd: delete of what a container uses" deliver $runtime delete IMAGE_ID="$second"
    said "a container uses it"
    ok "containerd: stays" in_$runtime latest
    inside node ctr -n k8s.io containers rm user
  fi
  ok "$runtime: the new one's delete" deliver $runtime delete PULUMI_COMMAND_STDOUT="{\"image\":\"$name\",\"id\":\"$second\",\"reference\":\"$name\"}"
  ok "$runtime: takes it off" off_$runtime latest
  ok "$runtime: deleted twice" deliver $runtime delete
done

refused "nothing given: all said" 2 "IMAGE is ''" env -i PATH="$PATH" bash <(cat "$prelude" "$session" "$deliver") create
said "RUNTIME is ''"
said "HOST is ''"
said "HOST_KEY is ''"
said "SSH_PRIVATE_KEY holds no private key"
refused "an image that is not here" 1 "hybrid-vnf/none is not on this host's Docker engine" deliver docker create IMAGE=hybrid-vnf/none
refused "another ID" 1 "not sha256:0{64} as IMAGE_ID asks" deliver docker create IMAGE_ID=sha256:0000000000000000000000000000000000000000000000000000000000000000
refused "a host key that is not the pinned one" 1 "does not let root in .*Host key verification failed" deliver docker create HOST_KEY="$(jq -r .publicKey <<<"$stranger")"
refused "a key that is not let in" 1 "does not let root in .*Permission denied" deliver docker create SSH_PRIVATE_KEY="$(jq -r .privateKey <<<"$stranger")"
refused "no key at all" 1 "no private key that OpenSSH can read" deliver docker create SSH_PRIVATE_KEY="-----BEGIN OPENSSH PRIVATE KEY-----"
refused "nobody there" 1 "does not let root in" deliver docker create HOST=172.29.1.77
ok "delete with nobody there" deliver docker delete HOST=172.29.1.77
push() { locally "$here/push.sh" create "IMAGE=127.0.0.1:1/$name:v1" "IMAGE_ID=$1"; }
refused "push: an image that is not here" 1 "127.0.0.1:1/$name:v1 is not on this host's Docker engine" push "$second"
docker tag "$second" "127.0.0.1:1/$name:v1"
refused "push: another ID" 1 "not $first as IMAGE_ID asks" push "$first"
refused "push: no registry there" 1 "could not be pushed .*docker login 127\.0\.0\.1:1" push "$second"
docker rmi "127.0.0.1:1/$name:v1" >/dev/null
inside node systemctl stop docker.socket docker containerd
refused "Docker is not running there" 1 "no working docker: .*Cannot connect" deliver docker create
refused "containerd is not running there" 1 "no working containerd" deliver containerd create
ok "no agent and no file left" nothing_left
