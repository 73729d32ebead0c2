# shellcheck shell=bash
# Sourced by the build scripts: an image carries the hash of what it was made from, and is made again only when that hash changes.

content_label=hybrid-vnf.content

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# What the local engine says about an image: "ID CONTENT"; nothing where there is no such image.
image_facts() {
  docker image inspect --format "{{.Id}} {{index .Config.Labels \"$content_label\"}}" "$1" 2>/dev/null || true
}

# Hash of everything below the given folders and files: names, modes and text.
content_of() {
  local path
  for path in "$@"; do
    [[ -e $path ]] || fail "$path: no such file; it is an input of the image."
  done
  # Names relative to the folder's parent, so that two checkouts agree.
  for path in "$@"; do
    (cd "$(dirname "$path")" && find "$(basename "$path")" -type f -printf '%m %p\n' | LC_ALL=C sort |
      while read -r mode name; do printf '%s %s %s\n' "$mode" "$name" "$(sha256sum <"$name")"; done)
  done | sha256sum | cut -d' ' -f1
}

# Identity of large executables without reading all of them: size, head (with the linker's build id) and tail.
content_of_binaries() {
  local path
  for path in "$@"; do
    [[ -x $path ]] || fail "$path: no such executable; it is an input of the image."
    {
      basename "$path"
      stat --format %s "$path"
      head --bytes 65536 "$path"
      tail --bytes 65536 "$path"
    }
  done | sha256sum | cut -d' ' -f1
}

need_docker() {
  command -v docker >/dev/null || fail "docker: command not found; install Docker (Debian: apt-get install docker.io) and start it."
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
    fail "docker: the engine does not answer; start it, or join the group that may use it (docker version says more)."
}
