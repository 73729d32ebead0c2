# shellcheck shell=bash
# Brings Kubernetes to a host that has none: kubeadm, kubelet, kubectl, the CNI plugins and the control plane's images, all out of the
# machine image on this host's Docker engine. Runs on the operator's host, behind ssh/session.sh. What a host has already is left alone.
#
# Input: IMAGE  the machine image, by name; besides, what session.sh wants
# Use:   bash -s -- create | update | delete
# Prints {"carried":[...]}: "programs", "images", or neither.

record=/etc/hybrid-vnf/carried # on the host: one path a line, written before anything is unpacked
store=/var/lib/containerd
layers=/usr/local/lib/hybrid-vnf/layers/containerd # what the store points at (images/machine, seed)
programs=(usr/bin/kubeadm usr/bin/kubelet usr/bin/kubectl opt/cni/bin
  etc/systemd/system/kubelet.service etc/systemd/system/kubelet.service.d)

box=''
leave() {
  [[ -z $box ]] || docker rm "$box" >/dev/null 2>&1 || true
  end_session
}
trap leave EXIT

note() { remote "mkdir -p ${record%/*} && cat >>$record"; }

carry_programs() {
  local missing held path
  # shellcheck disable=SC2016 # for the host's shell, here and below
  missing=$(remote 'for p in kubeadm kubelet kubectl; do command -v $p >/dev/null || echo $p; done')
  [[ -n $missing ]] || return 1
  [[ $(wc -l <<<"$missing") == 3 ]] ||
    fail "Host $HOST has a part of Kubernetes only; missing: ${missing//$'\n'/ }: install these too, or remove the others."
  held=$(remote "for p in ${programs[*]}; do test ! -e /\$p || echo /\$p; done")
  [[ -z $held ]] || fail "Host $HOST has no Kubernetes, and yet ${held//$'\n'/ }: remove it first."
  printf '/%s\n' "${programs[@]}" | note
  say "Host $HOST gets kubeadm, kubelet, kubectl and the CNI plugins."
  for path in "${programs[@]}"; do
    docker cp "$box:/$path" - | remote "mkdir -p '/${path%/*}' && tar --extract --directory '/${path%/*}'"
  done
  remote 'systemctl daemon-reload'
}

# The image holds its containers' images unpacked, as a store of containerd's: it can take the place of an empty one only.
carry_images() {
  local images path
  # shellcheck disable=SC2016
  images=$(remote 'ctr namespaces ls -q | while read -r n; do ctr -n "$n" images ls -q; ctr -n "$n" containers ls -q; done')
  if [[ -n $images ]]; then
    say "Host $HOST has images of its own: kubeadm pulls what is missing."
    return 1
  fi
  printf '%s\n' "$store" "$layers" | note
  say "Host $HOST gets the control plane's images."
  remote "systemctl stop containerd && rm -rf $store/* $layers"
  for path in "$layers" "$store"; do
    docker cp "$box:$path" - | remote "mkdir -p '${path%/*}' && tar --extract --directory '${path%/*}'" ||
      fail "The images could not be unpacked on host $HOST (see above); look at the free disk space there."
  done
  remote 'systemctl start containerd'
}

create() {
  local carried=()
  docker image inspect "$IMAGE" >/dev/null 2>&1 ||
    fail "Image $IMAGE is not on this host's Docker engine; run \`npm run images\` in a checkout of hybrid-vnf."
  take_key
  remote true || fail "Host $HOST does not let $SSH_USER in over SSH (port ${SSH_PORT})."
  box=$(docker create "$IMAGE")
  if carry_programs; then carried+=('"programs"'); fi
  if carry_images; then carried+=('"images"'); fi
  local IFS=,
  printf '{"carried":[%s]}\n' "${carried[*]}"
}

# Takes away what the record names and nothing else.
remove() {
  take_key
  # shellcheck disable=SC2016
  remote 'record='"$record"' store='"$store"'
    [ -e "$record" ] || exit 0
    if grep -qx "$store" "$record"; then
      systemctl stop containerd
      find "$store" -mindepth 1 -delete
      systemctl start containerd
    fi
    grep -vx "$store" "$record" | xargs --no-run-if-empty --delimiter="\n" rm -rf --
    for d in /usr/local/lib/hybrid-vnf/layers /usr/local/lib/hybrid-vnf /opt/cni /etc/kubernetes/manifests /etc/kubernetes/pki /etc/kubernetes; do # what kubeadm reset leaves empty
      [ ! -d "$d" ] || rmdir --ignore-fail-on-non-empty "$d"
    done
    systemctl daemon-reload
    rm -f "$record"; rmdir --ignore-fail-on-non-empty "${record%/*}"' ||
    fail "What was brought to host $HOST could not be taken away (see above); \`pulumi destroy\` again once it answers."
}

act carry.sh "$@"
