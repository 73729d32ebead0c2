#!/usr/bin/env bash
# Makes sure of debian:bookworm-slim: pulled when a registry answers, else made from the Debian archive that this host uses.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=content.sh
source "$here/content.sh"

image=debian:bookworm-slim
suite=bookworm
patience=${HYBRID_VNF_REGISTRY_TIMEOUT:-10} # seconds until the registry's first word

# Docker prints "Pulling from" once the registry has answered for the name; a closed network never gets that far.
pull() {
  local answers pull line
  exec {answers}< <(exec docker pull --platform "linux/$(architecture)" "$image" 2>&1)
  pull=$!
  if IFS= read -r -t "$patience" line <&"$answers" && [[ $line == *'Pulling from'* ]]; then
    say "base: $line"
    sed 's/^/base: /' <&"$answers" >&2
    wait "$pull"
    return
  fi
  say "base: no registry answers for $image (${line:-nothing heard in $patience s})"
  kill "$pull" 2>/dev/null || true
  return 1
}

architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) fail "$(uname -m): no build for this processor; x86_64 and aarch64 have one." ;;
  esac
}

# The archive's addresses as apt on this host knows them, so that a local mirror is used where there is one.
sources() {
  # shellcheck disable=SC2016 # fields for apt-get
  apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | LC_ALL=C sort -u |
    awk -v suite="$suite" '
      $1 == "Debian/Debian" && !main++ { print "deb", $2, suite, "main"; print "deb", $2, suite "-updates", "main" }
      $1 == "Debian/Debian-Security" && !security++ { print "deb", $2, suite "-security", "main" }'
}

bootstrap() {
  command -v apt-get >/dev/null ||
    fail "$image: no registry answers and this host has no apt to make it with; load the image by hand (docker load) or use a Debian host."
  if ! command -v mmdebstrap >/dev/null; then
    say "base: installing mmdebstrap"
    [[ $EUID == 0 ]] || fail "mmdebstrap: command not found; install it (apt-get install mmdebstrap) or run this as root."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mmdebstrap debian-archive-keyring; } >&2
  fi
  local list
  list=$(sources)
  [[ -n $list ]] || fail "apt on this host knows no Debian archive; add one to its sources and run apt-get update."
  say "base: making $image from"
  say "${list//deb /  }"
  # shellcheck disable=SC2016 # the hook's own argument
  # Like the published slim image: no manuals, no translations, no caches of apt's, and packages installed later keep to that; merged
  # below /usr from the beginning, or usrmerge would do it, and bring all of Perl.
  mmdebstrap --quiet --variant=minbase --architectures="$(architecture)" --include=ca-certificates \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf"; rm -rf "$1"/var/cache/apt/*.bin "$1"/var/log/*.log' \
    "$suite" - "$list" |
    docker import --change "LABEL $content_label=$content" --change 'CMD ["bash"]' - "$image" >&2
}

need_docker
content=$(content_of "$here")
read -r id known <<<"$(image_facts "$image")" || true
if [[ -n ${id:-} && (-z ${known:-} || $known == "<no value>" || $known == "$content") ]]; then
  say "base: $image is here"
elif [[ -n ${id:-} ]]; then
  bootstrap # ours, and its recipe has changed
else
  pull || bootstrap
fi
