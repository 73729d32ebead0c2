#!/usr/bin/env bash
# Builds the machine image, the root file system of every lab machine that serves, from a folder of executables.
#   images/machine/build.sh BINDIR
# BINDIR holds kubeadm kubelet kubectl, kube-apiserver kube-controller-manager kube-scheduler kube-proxy, etcd coredns pause
# flanneld, and the CNI plugins bridge host-local loopback portmap.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../base/content.sh
source "$here/../base/content.sh"

kubernetes=v1.34.4
etcd=3.6.5-0 coredns=v1.12.1 pause=3.10.1 flannel=v0.28.4 # tags that kubeadm of that release asks for, and flannel's
image=hybrid-vnf/machine:$kubernetes
base=debian:bookworm-slim
node=(kubeadm kubelet kubectl)
cni=(bridge host-local loopback portmap)
control=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd coredns pause flanneld)

[[ $# == 1 && -d $1 ]] || fail "usage: build.sh BINDIR, the folder with the Kubernetes executables (got: ${*:-nothing})."
bin=$(cd "$1" && pwd)

need_docker
"$here/../base/build.sh"
read -r base_id _ <<<"$(image_facts "$base")"
content=$({
  echo "$base_id"
  content_of "$here"
  content_of_binaries "${node[@]/#/$bin/}" "${cni[@]/#/$bin/}" "${control[@]/#/$bin/}"
} | sha256sum | cut -d' ' -f1)
read -r _ known <<<"$(image_facts "$image")" || true
if [[ ${known:-} == "$content" ]]; then
  say "machine: $image is up to date"
  exit 0
fi

work=$(mktemp -d)
seeding=
finish() {
  [[ -z $seeding ]] || docker rm --force --volumes "$seeding" >/dev/null
  rm -rf "$work"
}
trap finish EXIT

say "machine: installing Debian packages and node programs"
mkdir -p "$work/bin/node" "$work/bin/cni"
ln "${node[@]/#/$bin/}" "$work/bin/node/" 2>/dev/null || cp "${node[@]/#/$bin/}" "$work/bin/node/"
ln "${cni[@]/#/$bin/}" "$work/bin/cni/" 2>/dev/null || cp "${cni[@]/#/$bin/}" "$work/bin/cni/"
if ! tar --create --hard-dereference --directory "$here" Dockerfile root --directory "$work" bin |
  DOCKER_BUILDKIT=0 docker build --iidfile "$work/iid" - >"$work/log" 2>&1; then
  tail -n 20 "$work/log" >&2
  fail "machine: the image could not be built; the lines above say why."
fi

docker save --output "$work/base.tar" "$base"
# Overlay mounts need a file system that is not itself one: a volume. By --mount, for --volume would make it the image's own, and every
# machine would have one.
seeding=$(docker create --entrypoint /seed/run --mount type=volume,target=/seed/work --volume "$bin:/seed/bin:ro" --volume "$here/seed:/seed/run:ro" --volume "$work/base.tar:/seed/base.tar:ro" \
  --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined --network none \
  "$(cat "$work/iid")" /seed/bin /seed/work /seed/base.tar "$kubernetes" "$etcd" "$coredns" "$pause" "$flannel")
docker start --attach "$seeding" >&2 || fail "machine: the cluster's images could not be packed; the lines above say why."
# What a container was started with would become the image's: put back the machine's.
docker commit --change 'ENTRYPOINT ["/usr/local/lib/hybrid-vnf/boot"]' --change 'CMD []' \
  --change "LABEL $content_label=$content" "$seeding" "$image" >/dev/null
say "machine: $image is built"
