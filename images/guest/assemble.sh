#!/usr/bin/env bash
# Makes a disk of a tree of files: one partition that boots by BIOS.
#   assemble.sh TREE FILE.qcow2
set -euo pipefail

tree=$1 file=$2
first=2048 # sectors before the partition, where the boot loader lives
spare=128  # MiB that stay free

rm -rf "${tree:?}"/{dev,proc,sys,run,tmp}/* "$tree/.dockerenv"
echo guest >"$tree/etc/hostname"
rm -f "$tree/etc/resolv.conf"
ln -s /run/resolv.conf "$tree/etc/resolv.conf"
used=$(du --summarize --block-size=1M "$tree" | cut -f1)
size=$((used + used / 8 + spare))
raw=$(mktemp)
truncate --size $((size + first / 2048))M "$raw"
sfdisk --quiet "$raw" <<<"label: dos
start=$first, type=83, bootable"
mke2fs -q -t ext4 -L guest -d "$tree" -E offset=$((first * 512)) "$raw" "${size}M"
# As in images/disk: GRUB's two parts, where an MBR has them.
core=$(mktemp)
grub-mkimage --format i386-pc --prefix /boot/grub --config /grub.cfg --output "$core" \
  biosdisk boot ext2 linux part_msdos search search_label serial terminal
(($(stat --format %s "$core") <= (first - 1) * 512)) || {
  echo "GRUB does not fit before the partition." >&2
  exit 1
}
dd if=/usr/lib/grub/i386-pc/boot.img of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$core" of="$raw" bs=512 seek=1 conv=notrunc status=none
mkdir -p "$(dirname "$file")"
qemu-img convert -c -O qcow2 "$raw" "$file"
