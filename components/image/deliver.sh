# shellcheck shell=bash
# Brings an image of this host's Docker engine to a node over SSH, without a registry: the layers that the node lacks, and no others.
# Runs on the operator's host.
#
# Input: IMAGE            the image here, and its name on the node: hybrid-vnf/quagga:latest
#        IMAGE_ID         its ID (sha256:...), to be sure that it is this one (default: what IMAGE is now)
#        RUNTIME          containerd (into the namespace of Kubernetes) or docker
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete`
# Prints {"image":...,"id":...}; says on stderr what was sent, if anything was.
#
# delete takes the image off the node if it can, and only while it is still this one; it never fails for want of the node.
# shellcheck disable=SC2154 # work and key are session.sh's

image=${IMAGE:-}
[[ ${image##*/} == *:* ]] || image+=:latest # a name alone would have Docker save all that bear it
id=${IMAGE_ID:-}
runtime=${RUNTIME:-}

is_name() { [[ $1 =~ ^[a-z0-9][a-z0-9._/:-]*[a-z0-9](:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$ && $1 != *//* && $1 != sha256:* ]]; }

check_input() {
  is_name "$image" || problem "IMAGE is '${IMAGE:-}'; it must be an image's name, such as hybrid-vnf/quagga:latest."
  [[ -z $id || $id =~ ^sha256:[0-9a-f]{64}$ ]] || problem "IMAGE_ID is '$id'; it must be sha256: and 64 hexadecimal digits."
  [[ $runtime == containerd || $runtime == docker ]] || problem "RUNTIME is '$runtime'; it must be containerd or docker."
  [[ $HOST =~ ^[A-Za-z0-9][A-Za-z0-9.:-]*$ ]] || problem "HOST is '$HOST'; it must be the node's address or name."
  [[ $SSH_USER =~ ^[A-Za-z_][A-Za-z0-9_.-]*$ ]] || problem "SSH_USER is '$SSH_USER'; it must be a user's name."
  is_number "$SSH_PORT" 1 65535 || problem "SSH_PORT is '$SSH_PORT'; it must be a number from 1 to 65535."
  is_number "$SSH_TIMEOUT" 1 9999 || problem "SSH_TIMEOUT is '$SSH_TIMEOUT'; it must be a whole number of seconds from 1 to 9999."
  [[ $HOST_KEY =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/=]+ ]] ||
    problem "HOST_KEY is '$HOST_KEY'; it must be the node's public host key, such as 'ssh-ed25519 AAAA...'."
  [[ $key == *"PRIVATE KEY"* ]] || problem "SSH_PRIVATE_KEY holds no private key; it must be the text of one (-----BEGIN OPENSSH PRIVATE KEY-----)."
  stop_on_problems
}

# The name as the runtime on the node spells it.
spelled() {
  local first=${image%%/*}
  if [[ $runtime == docker ]]; then
    printf '%s' "$image"
  elif [[ $image != */* ]]; then
    printf 'docker.io/library/%s' "$image"
  elif [[ $first == *[.:]* || $first == localhost ]]; then
    printf '%s' "$image"
  else
    printf 'docker.io/%s' "$image"
  fi
}

# What the node is asked to run. `ids` prints the IDs under which it has the name: Docker's own, or the digests of the manifest and of its
# configuration. `held_layers` prints the layers that it has of any image: a chain ID a line (OCI image specification), or an image a line,
# with a comma after each of its layers. `load` takes an archive in.
choose_commands() {
  name=$(spelled)
  case $runtime in
    docker)
      ids="docker image inspect --format '{{.Id}}' '$name' 2>/dev/null || docker version >/dev/null"
      held_layers="docker image ls --all --quiet | xargs --no-run-if-empty docker image inspect --format '{{range .RootFS.Layers}}{{.}},{{end}}'"
      load="docker load --quiet >/dev/null"
      ;;
    containerd)
      ids="ctr -n k8s.io images ls -q >/dev/null && d=\$(ctr -n k8s.io images ls 'name==$name' | awk 'NR == 2 { print \$3 }') &&
        if [ -n \"\$d\" ]; then echo \"\$d\"; ctr -n k8s.io content get \"\$d\" | tr -d ' \n\t' |
        sed -n 's/.*\"config\":{[^}]*\"digest\":\"\(sha256:[0-9a-f]*\)\".*/\1\n/p'; fi"
      held_layers="ctr -n k8s.io snapshots ls | awk '\$NF == \"Committed\" { print \$1 }'"
      load="ctr -n k8s.io images import - >/dev/null"
      ;;
  esac
}

# ask COMMAND: what the node answers; ends the script unless it can be asked.
ask() {
  local status=0
  remote "$1" 2>"$work/said" || status=$?
  case $status in
    0) ;;
    255) fail "Node $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): $(tail -n 1 "$work/said"); check HOST, HOST_KEY and the key." ;;
    *) fail "Node $HOST has no working $runtime: $(tail -n 1 "$work/said")" ;;
  esac
}

# shared HELD LAYER…: how many of these layers, from the lowest, the node has of what it says it holds.
shared() {
  local held=$1 layer chain='' list='' count=0
  for layer in "${@:2}"; do
    list+=$layer,
    if [[ -n $chain ]]; then layer=sha256:$(printf '%s %s' "$chain" "$layer" | sha256sum | cut -d' ' -f1); fi
    chain=$layer
    grep -qE "^($chain$|$list)" <<<"$held" || break
    count=$((count + 1))
  done
  echo "$count"
}

# described TYPE DIGEST FILE: what stands for the file in a layout (OCI image specification).
described() { printf '"mediaType":"application/vnd.oci.image.%s","digest":"%s","size":%d' "$1" "$2" "$(stat --dereference --format %s "$3")"; }

# pack KNOWN LAYER…: the image in $work/layout, without the bytes of its KNOWN lowest layers, as both runtimes read it: Docker by
# manifest.json, the rest is an OCI layout. Neither opens a layer that it has unpacked. Fails where the engine here saves another form.
pack() {
  local known=$1 layers=("${@:2}") saved=$work/saved layout=$work/layout blobs=blobs/sha256 config=blobs/sha256/${id#sha256:}
  local written files at manifest listed='' descriptors=''
  mkdir -p "$saved" "$layout/$blobs"
  docker save "$image" | tar --extract --directory "$saved" || fail "Image $image could not be read from this host's Docker engine (see above)."
  written=$(<"$saved/manifest.json")
  [[ $written =~ \"Config\":\"([^\"]*${id#sha256:}[^\"]*)\" ]] || return 1
  ln "$saved/${BASH_REMATCH[1]}" "$layout/$config"
  [[ $written =~ \"Layers\":\[([^]]*)\] ]] || return 1
  IFS=, read -ra files <<<"${BASH_REMATCH[1]//\"/}"
  for at in "${!layers[@]}"; do
    listed+=${listed:+,}\"$blobs/${layers[at]#sha256:}\"
    descriptors+="${descriptors:+,}{$(described layer.v1.tar "${layers[at]}" "$saved/${files[at]}")}"
    ((at < known)) || ln --force --logical "$saved/${files[at]}" "$layout/$blobs/${layers[at]#sha256:}"
  done
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{%s},"layers":[%s]}' \
    "$(described config.v1+json "$id" "$layout/$config")" "$descriptors" >"$work/manifest"
  manifest=$(sha256sum <"$work/manifest" | cut -d' ' -f1)
  mv "$work/manifest" "$layout/$blobs/$manifest"
  printf '{"schemaVersion":2,"manifests":[{%s,"annotations":{"io.containerd.image.name":"%s"}}]}' \
    "$(described manifest.v1+json "sha256:$manifest" "$layout/$blobs/$manifest")" "$name" >"$layout/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  printf '[{"Config":"%s","RepoTags":["%s"],"Layers":[%s]}]' "$config" "$name" "$listed" >"$layout/manifest.json"
}

# Has the node take in the archive on stdin and say its IDs. Compressed on a way through a jump host, which is a long one: it costs what
# 50 MB/s take to cross, and the lab's bridges, or a rack's network, are faster.
take_in() {
  if [[ -n ${JUMP_HOST:-} ]]; then
    gzip -1 | remote "gunzip | $load && { $ids; }"
  else
    remote "$load && { $ids; }"
  fi
}

# Sends what the node lacks beyond KNOWN layers; fails when the node has not got the image by that.
send_missing() {
  local known=$1 got
  pack "$@" || return 1
  got=$(tar --create --directory "$work/layout" . | take_in 2>"$work/said") && grep -qxF "$id" <<<"$got" && return
  say "Node $HOST does not take $image without the layers that it said it has; it gets them all. $(tail -n 1 "$work/said")"
  return 1
}

send_all() {
  local got
  got=$(docker save "$image" | take_in) ||
    fail "Image $image could not be brought to node $HOST (see above); look at the free disk space there, and at RUNTIME ($runtime)."
  grep -qxF "$id" <<<"$got" || fail "Node $HOST has $image as '$(tr '\n' ' ' <<<"$got")' after it was sent, not as $id."
}

create() {
  local found layers held known
  check_input
  found=$(docker image inspect --format '{{.Id}}{{range .RootFS.Layers}} {{.}}{{end}}' "$image" 2>/dev/null) ||
    fail "Image $image is not on this host's Docker engine; build or pull it first."
  read -r found layers <<<"$found"
  read -ra layers <<<"$layers"
  [[ ${id:=$found} == "$found" ]] ||
    fail "Image $image is $found here, not $id as IMAGE_ID asks; build it again or take out IMAGE_ID."
  take_key
  choose_commands
  held=$(ask "{ $ids; } && { $held_layers || true; }")
  if grep -qxF "$id" <<<"$held"; then
    say "Node $HOST has $image already."
  else
    known=$(shared "$held" "${layers[@]}")
    if ((known > 0)) && send_missing "$known" "${layers[@]}"; then
      say "Node $HOST has received $image, which it had $known of ${#layers[@]} layers of."
    else
      send_all
      say "Node $HOST has received $image."
    fi
  fi
  printf '{"image":"%s","id":"%s"}\n' "$image" "$id"
}

remove() {
  local held remove
  check_input
  if [[ -z $id && ${PULUMI_COMMAND_STDOUT:-} =~ \"id\":\"(sha256:[0-9a-f]{64})\" ]]; then id=${BASH_REMATCH[1]}; fi
  take_key
  choose_commands
  if ! held=$(remote "$ids" 2>"$work/said"); then
    say "Image $image stays on node $HOST, which cannot be asked: $(tail -n 1 "$work/said")"
    return 0
  fi
  [[ -n $held ]] || return 0
  if [[ -n $id ]] && ! grep -qxF "$id" <<<"$held"; then
    say "Image $image on node $HOST is another one by now; it stays."
    return 0
  fi
  case $runtime in
    docker) remove="docker rmi '$name'" ;; # refuses what a container uses
    containerd)
      remove="! ctr -n k8s.io containers ls | awk '{ print \$2 }' | grep -qxF '$name' || { echo 'a container uses it' >&2; exit 1; }
        ctr -n k8s.io images rm '$name'"
      ;;
  esac
  remote "$remove" >/dev/null 2>"$work/said" || say "Image $image stays on node $HOST: $(tail -n 1 "$work/said")"
}

act deliver.sh "$@"
