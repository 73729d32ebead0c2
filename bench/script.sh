#!/usr/bin/env bash
# The chain by hand, one step after the other, with no Pulumi: what `up` is measured against. From the same images, which
# must be there (npm run up has made them).
#
#   bench/script.sh up    ends when both servers have answered the client
#   bench/script.sh down  takes it down again
# Input: RANGE  first half of its networks' addresses (default 10.100, those of the chain)
set -euo pipefail
cd "$(dirname "$0")/.."

range=${RANGE:-10.100}
tag=hybrid-vnf-bench
machine_image=hybrid-vnf/machine:v1.34.4
client_image=hybrid-vnf/client:latest
prelude=components/script/prelude.sh

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# until_true SECONDS WHAT COMMAND…
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || fail "$what: not in time."
    sleep 0.2
  done
}

on() { docker exec -i "$tag-$1" "${@:2}"; }
network() { docker network create --label "$tag" --subnet "$2.0/24" --gateway "$2.1" "$tag-$1" >/dev/null; }
built() { docker build --quiet --tag "$tag/$1" "images/$1" >/dev/null; }

# machine NAME IMAGE NETWORK=ADDRESS…
machine() {
  local name=$1 image=$2 leg
  docker create --name "$tag-$name" --hostname "$name" --label "$tag" --network "$tag-${3%%=*}" --ip "${3#*=}" \
    --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
    --security-opt apparmor=unconfined --device /dev/kmsg --cgroupns private --tmpfs /run:exec --tmpfs /tmp:exec \
    --volume /var/lib/docker --volume /var/lib/containerd "$image" >/dev/null
  for leg in "${@:4}"; do docker network connect --ip "${leg#*=}" "$tag-${leg%%=*}" "$tag-$name"; done
  docker start "$tag-$name" >/dev/null
  until_true 120 "$name boots" on "$name" sh -c 'systemctl is-system-running | grep -E "running|degraded"'
}

apache() {
  machine "$1" "$machine_image" "servers=$2"
  on "$1" sh -c 'cat >/var/www/html/index.html && systemctl start apache2' <<<"<h1>$1</h1>"
  on "$1" ip route add "$range.101.0/24" via "$range.102.10"
}

interface() { on kubernetes-1 ip -4 -oneline address show to "$1" | awk '{ print $2 }'; }
kubectl() { on kubernetes-1 kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

# The library's own scripts make a machine fit to be a node, and keep the way between its legs closed; kubeadm does the rest.
kubernetes() {
  local node=$range.101.10
  machine kubernetes-1 "$machine_image" "transit=$node" "servers=$range.102.10"
  transit=$(interface "$node")
  servers=$(interface "$range.102.10")
  { echo "export LEGS='$transit $servers'" && cat "$prelude" components/kubernetes/legs-filter.sh; } | on kubernetes-1 bash -s -- create >/dev/null
  { echo "export ADDRESS=$node CNI=bridge" && cat "$prelude" components/kubernetes/node.sh; } | on kubernetes-1 bash -s -- create >/dev/null
  on kubernetes-1 sh -c 'cat >/root/kubeadm.yaml' <<CONFIG
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: $node}
nodeRegistration: {name: kubernetes-1, criSocket: "unix:///run/containerd/containerd.sock", imagePullPolicy: IfNotPresent, taints: []}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
CONFIG
  on kubernetes-1 kubeadm init --config /root/kubeadm.yaml --ignore-preflight-errors \
    SystemVerification,FileContent--proc-sys-net-bridge-bridge-nf-call-iptables,NumCPU,Mem,Swap >/dev/null 2>&1 ||
    fail "kubeadm init has failed."
  kubectl wait node kubernetes-1 --for=condition=Ready --timeout=120s >/dev/null
  kubectl --namespace kube-system wait deployment coredns --for=condition=Available --timeout=120s >/dev/null
}

swarm() {
  machine swarm-1 "$machine_image" "transit=$range.101.20" "clients=$range.100.20"
  on swarm-1 systemctl start docker
  on swarm-1 docker swarm init --advertise-addr "$range.101.20" >/dev/null
  on swarm-1 ip route add "$range.102.0/24" via "$range.101.10"
}

router() {
  docker save "$tag/quagga" | on kubernetes-1 ctr --namespace k8s.io images import - >/dev/null
  kubectl apply --filename - >/dev/null <<MANIFEST
apiVersion: apps/v1
kind: Deployment
metadata: {name: quagga}
spec:
  selector: {matchLabels: {app: quagga}}
  template:
    metadata: {labels: {app: quagga}}
    spec:
      hostNetwork: true
      containers:
        - name: quagga
          image: $tag/quagga
          imagePullPolicy: Never
          securityContext: {privileged: true}
          env:
            - {name: INTERFACES, value: "$transit,$servers"}
            - {name: ROUTES, value: "$range.102.0/24 dev $servers"}
          startupProbe: {exec: {command: [/healthy.sh]}, periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 5}
MANIFEST
  kubectl rollout status deployment quagga --timeout 120s >/dev/null
}

balancer() {
  docker save "$tag/nginx" | on swarm-1 docker load --quiet >/dev/null
  on swarm-1 docker service create --quiet --name nginx --no-resolve-image --endpoint-mode dnsrr --publish mode=host,published=80,target=80 \
    --env "SERVERS=$range.102.11,$range.102.12" "$tag/nginx" >/dev/null
}

replied() { on client sh -c "for i in 1 2 3 4; do curl -fsS --max-time 3 http://$range.100.20/; done" | grep -oE 'apache-[12]' | sort -u | wc -l | grep -qx 2; }

up() {
  built quagga
  built nginx
  network transit "$range.101"
  network servers "$range.102"
  network clients "$range.100"
  apache apache-1 "$range.102.11"
  apache apache-2 "$range.102.12"
  kubernetes
  swarm
  machine client "$client_image" "clients=$range.100.100"
  router
  balancer
  until_true 60 "replies of both servers" replied
}

down() {
  local names
  mapfile -t names < <(docker ps --all --quiet --filter "label=$tag")
  ((${#names[@]} == 0)) || docker rm --force --volumes "${names[@]}" >/dev/null
  mapfile -t names < <(docker network ls --quiet --filter "label=$tag")
  ((${#names[@]} == 0)) || docker network rm "${names[@]}" >/dev/null
}

case ${1:-} in
  up) up ;;
  down) down ;;
  *) fail "'${1:-}' is nothing that bench/script.sh does; use up or down." ;;
esac
