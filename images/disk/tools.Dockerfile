# What turns a tree of files into a disk, without mounting anything.
FROM debian:bookworm-slim
RUN set -eu; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends e2fsprogs fdisk grub-common grub-pc-bin qemu-utils; \
    apt-get clean; \
    rm -rf /var/lib/apt/lists/*
COPY assemble.sh grub.cfg /
VOLUME /work
ENTRYPOINT ["/assemble.sh"]
