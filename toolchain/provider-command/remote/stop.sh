#!/bin/sh
set -eu
# Sends a signal to whatever else runs on this SSH connection. Each session of
# a connection is a child of one sshd, and leads a process group of its own.
signal=$1
ps -A -o pid=,ppid= | while read -r pid parent; do
  if [ "$parent" = "$PPID" ] && [ "$pid" != "$$" ]; then
    kill -s "$signal" -- "-$pid"
  fi
done
