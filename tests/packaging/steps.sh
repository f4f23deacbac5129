#!/bin/sh
# Runs what test_dockerfile.py wrote down of the Dockerfile in a root folder of its own, in namespaces of its own: the
# system's files below, nothing of the home folders, what is written thrown away at the end. As root.
#   steps.sh FOLDER SOURCE: standard input is run inside by sh; SOURCE lies at /tmp/context. Debian's Python stands for
#   the one that the image has.
set -eu
root="$1/root"
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/root"
mount -t tmpfs tmpfs "$root/work"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
ln -sf /usr/bin/python3 "$root/usr/local/bin/python"
mkdir "$root/tmp/context"
mount --bind -o ro "$2" "$root/tmp/context"
cat > "$root/tmp/steps"
exec chroot "$root" /bin/sh -eu /tmp/steps
