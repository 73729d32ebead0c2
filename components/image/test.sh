#!/usr/bin/env bash
# Proves deliver.sh (and of push.sh what it refuses) against a machine of its own, into containerd and into Docker; needs Docker, the machine
# image, and the image that it is made of (BASE_IMAGE, default debian:bookworm-slim).
# It does not prove engines with the containerd image store (Docker 29 and later), whose IDs are manifest digests.
# shellcheck disable=SC1091,SC2154,SC2016 # try.sh, which is checked by itself; text for the shell on the node
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
deliver=$here/deliver.sh session=$here/../ssh/session.sh
keygen=$here/../ssh/keygen.sh
name=hybrid-vnf/try-$$

network a 172.29.1.0/24
machine node a=172.29.1.30

base=${BASE_IMAGE:-debian:bookworm-slim}
made=()
forget() {
  docker rmi -f "$name:latest" "${made[@]}" >/dev/null 2>&1
  finish
}
# image_of TEXT: an image of one layer. image_on TEXT: one of two, the lower being the base image's.
image_of() { echo "$1" >"$scratch/text" && tar -C "$scratch" -c text | docker import - "$name:latest"; }
image_on() {
  printf 'FROM %s\nCOPY text /\n' "$base" >"$scratch/Dockerfile" && echo "$1" >"$scratch/text"
  tar -C "$scratch" -c Dockerfile text | DOCKER_BUILDKIT=0 docker build --quiet --tag "$name:latest" - 2>/dev/null
}
first=$(image_of one)
made+=("$first")
trap forget EXIT

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
  export TMPDIR=$scratch/tmp RUNTIME=$1 HOST=172.29.1.30 IMAGE=$name SSH_TIMEOUT=30 SSH_PRIVATE_KEY HOST_KEY
  SSH_PRIVATE_KEY=$(jq -r .privateKey <<<"$pair")
  HOST_KEY=$(jq -r .publicKey <<<"$host_pair")
  action=$2
  shift 2
  for setting in "$@"; do export "${setting?}"; done
  bash -s -- "$action" < <(cat "$prelude" "$session" "$deliver")
)
sent() { grep -q "has received $name:latest\.$" "$scratch/err"; } # all of it
sent_beside() { grep -q "has received $name:latest, which it had $1 layers of" "$scratch/err"; }
sent_after_all() { grep -q "does not take .* without the layers" "$scratch/err" && sent; }
arrived() { inside node cat /sys/class/net/eth0/statistics/rx_bytes; }
little() { (($(arrived) - before < 1 << 20)); }
# What a container of the image would see, of both its layers.
reads_in_docker() {
  inside node sh -c 'c=$(docker create "$1" true) && docker cp "$c":/text - | tar --extract --to-stdout &&
    docker cp "$c":/etc/debian_version - >/dev/null && docker rm "$c"' sh "$name:latest" | grep -x "$1"
}
reads_in_containerd() {
  inside node sh -c 'mkdir -p /mnt/seen && ctr -n k8s.io images mount "$1" /mnt/seen >/dev/null && cat /mnt/seen/text /mnt/seen/etc/debian_version
    ctr -n k8s.io images unmount --rm /mnt/seen >/dev/null' sh "docker.io/$name:latest" | grep -x "$1"
}
# From now on, whoever asks the node for its layers is told of them, and they are gone.
empty_when_asked_containerd() {
  docker exec -i "$tag-node" sh -c 'cat >/usr/local/bin/ctr && chmod 755 /usr/local/bin/ctr' <<'END'
#!/bin/sh
/usr/bin/ctr "$@" || exit
case "$*" in
  *"snapshots ls"*) /usr/bin/ctr -n k8s.io images ls -q | xargs /usr/bin/ctr -n k8s.io images rm --sync >/dev/null ;;
esac
END
}
empty_when_asked_docker() {
  docker exec -i "$tag-node" sh -c 'cat >/usr/local/bin/docker && chmod 755 /usr/local/bin/docker' <<'END'
#!/bin/sh
/usr/bin/docker "$@" || exit
case "$*" in
  *RootFS*) /usr/bin/docker image ls --all --quiet | xargs /usr/bin/docker rmi --force >/dev/null ;;
esac
END
}
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
done
second=$(image_of two)
made+=("$second")
for runtime in containerd docker; do
  ok "$runtime: a changed image" deliver $runtime update
  ok "$runtime: sent" sent
  ok "$runtime: its result" deliver $runtime update
  ok "$runtime: is the new one" jq -es --arg id "$second" --arg name "$name" '.[0] == {image: ($name + ":latest"), id: $id}' "$scratch/out"
  ok "$runtime: the old one's delete" deliver $runtime delete IMAGE_ID="$first"
  ok "$runtime: leaves the new one" in_$runtime latest
  if [[ $runtime == containerd ]]; then # Docker refuses by itself
    inside node ctr -n k8s.io containers create "docker.io/$name:latest" user
    ok "containerd: delete of what a container uses" deliver $runtime delete IMAGE_ID="$second"
    said "a container uses it"
    ok "containerd: stays" in_$runtime latest
    inside node ctr -n k8s.io containers rm user
  fi
  ok "$runtime: the new one's delete" deliver $runtime delete PULUMI_COMMAND_STDOUT="{\"image\":\"$name\",\"id\":\"$second\"}"
  ok "$runtime: takes it off" off_$runtime latest
  ok "$runtime: deleted twice" deliver $runtime delete
done

# By layers. The node has the base image's from the beginning.
third=$(image_on three)
made+=("$third")
for runtime in containerd docker; do
  before=$(arrived)
  ok "$runtime: an image on the machine's own base" deliver $runtime create
  ok "$runtime: its own layer is sent" sent_beside "1 of 2"
  ok "$runtime: and no other bytes" little
  ok "$runtime: both are there" reads_in_$runtime three
done
fourth=$(image_on four)
made+=("$fourth")
for runtime in containerd docker; do
  before=$(arrived)
  ok "$runtime: changed in one layer" deliver $runtime create
  ok "$runtime: that one is sent" sent_beside "1 of 2"
  ok "$runtime: and no other bytes, again" little
  ok "$runtime: the new one is there" reads_in_$runtime four
done
inside node sh -c 'ctr -n k8s.io images tag "docker.io/$1:latest" "docker.io/$1:kept" && ctr -n k8s.io images rm "docker.io/$1:latest"
  docker tag "$1:latest" "$1:kept" && docker rmi "$1:latest"' sh "$name" >/dev/null
for runtime in containerd docker; do
  before=$(arrived)
  ok "$runtime: a node that has all layers, under another name" deliver $runtime create
  ok "$runtime: gets no layer" sent_beside "2 of 2"
  ok "$runtime: and next to no bytes" little
  ok "$runtime: it is there" reads_in_$runtime four
  ok "$runtime: off" deliver $runtime delete
  ok "$runtime: gone" off_$runtime latest
  ok "$runtime: through a jump host" deliver $runtime create JUMP_HOST=172.29.1.30 JUMP_PORT=22 JUMP_USER=root JUMP_HOST_KEY="$(jq -r .publicKey <<<"$host_pair")"
  ok "$runtime: it is there again" reads_in_$runtime four
  ok "$runtime: off again" deliver $runtime delete
  empty_when_asked_$runtime
  ok "$runtime: a node that loses its layers meanwhile" deliver $runtime create
  ok "$runtime: gets all of it" sent_after_all
  ok "$runtime: whole" reads_in_$runtime four
  inside node rm -f /usr/local/bin/ctr /usr/local/bin/docker
  ok "$runtime: off at last" deliver $runtime delete
done
docker tag "$second" "$name:latest"

refused "nothing given: all said" 2 "IMAGE is ''" env -i PATH="$PATH" bash <(cat "$prelude" "$session" "$deliver") create
said "RUNTIME is ''"
said "HOST is ''"
said "HOST_KEY is ''"
said "SSH_PRIVATE_KEY holds no private key"
refused "an image that is not here" 1 "hybrid-vnf/none:latest is not on this host's Docker engine" deliver docker create IMAGE=hybrid-vnf/none
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
# The last agent has been told to end.
ok "no agent and no file left" eventually 30 nothing_left
