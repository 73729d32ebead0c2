#!/usr/bin/env bash
# Makes /work/disk.qcow2 of the tree of files that comes in as a tar archive on stdin: one partition that boots by BIOS.
set -euo pipefail

first=2048 # sectors before the partition, as every partitioning tool leaves them; the boot loader lives there
spare=512  # MiB that stay free until the first boot makes the partition as large as the disk

cd /work
mkdir tree
# The file that marks a container would have systemd believe that it runs in one.
tar --extract --directory tree --numeric-owner --xattrs --xattrs-include=security.capability --exclude=.dockerenv
# Docker keeps these three to itself while an image is built.
: >tree/etc/hostname
rm -f tree/etc/hosts tree/etc/resolv.conf
ln -s ../run/systemd/resolve/stub-resolv.conf tree/etc/resolv.conf

used=$(du --summarize --block-size=1M tree | cut -f1)
size=$((used + used / 8 + spare))
truncate --size $((size + first / 2048))M disk.raw
sfdisk --quiet disk.raw <<<"label: dos
start=$first, type=83, bootable"
mke2fs -q -t ext4 -L hybrid-vnf -d tree -E offset=$((first * 512)) disk.raw "${size}M"
rm -rf tree

# GRUB's two parts for a disk with an MBR: boot.img loads what begins in the next sector, and core.img made this way expects to be
# there. That is all that grub-install would do, and it wants a mounted file system.
grub-mkimage --format i386-pc --prefix /boot/grub --config /grub.cfg --output core.img \
  biosdisk boot ext2 linux part_msdos search search_label serial terminal
(($(stat --format %s core.img) <= (first - 1) * 512)) || {
  echo "core.img does not fit before the partition." >&2
  exit 1
}
dd if=/usr/lib/grub/i386-pc/boot.img of=disk.raw bs=440 count=1 conv=notrunc status=none
dd if=core.img of=disk.raw bs=512 seek=1 conv=notrunc status=none

qemu-img convert -c -W -m 4 -O qcow2 disk.raw disk.qcow2
rm disk.raw
