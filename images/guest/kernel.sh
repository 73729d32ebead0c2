#!/usr/bin/env bash
# Puts a kernel, the modules that a virtual machine needs of it, and what it starts first (an initramfs), into the folder FOLDER.
#   kernel.sh FOLDER
set -euo pipefail

folder=$1
first=(virtio_pci virtio_blk ext4)                                       # to find the disk
later=(virtio_net virtio_console isofs nls_ascii evdev button af_packet) # loaded by the system on it

release=$(basename /lib/modules/*)

# The files of modules and of what they need, in the order to load them; what is built in has none.
files_of() { modprobe --all --set-version "$release" --show-depends "$@" 2>/dev/null | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'; }

mkdir -p "$folder/boot" "$folder/usr/lib"
cp "/boot/vmlinuz-$release" "$folder/boot/vmlinuz"

start=$(mktemp -d)
mkdir -p "$start"/{bin,dev,proc,root,modules}
cp /bin/busybox "$start/bin/"
install -m 755 /start.sh "$start/init"
number=100
while read -r file; do
  cp "$file" "$start/modules/$((number++))-$(basename "$file")"
done < <(files_of "${first[@]}")
(cd "$start" && find . | cpio --quiet --create --format newc) | gzip -9 >"$folder/boot/initrd"

while read -r file; do
  install -D -m 644 "$file" "$folder/usr$file"
done < <(files_of "${later[@]}")
cp "/lib/modules/$release"/modules.{builtin,order}* "$folder/usr/lib/modules/$release/"
depmod --basedir "$folder/usr" "$release"
