#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the guest: loads what its disk needs, and hands over to the system there.
set -eu
bb=/bin/busybox
$bb mount -t devtmpfs dev /dev
$bb mount -t proc proc /proc
for module in /modules/*; do $bb insmod "$module"; done
# The disk is there a moment after its driver.
until [ -b /dev/vda1 ]; do $bb usleep 50000; done
$bb mount -t ext4 -o ro /dev/vda1 /root
$bb mount -o move /dev /root/dev
$bb umount /proc
exec $bb switch_root /root /usr/local/lib/hybrid-vnf/init
