#!/bin/busybox sh
# First process of a test machine, in its initramfs: mounts the root of the machine that runs it, read-only, with a layer in memory
# above it, and goes on there with guest.sh. Shares: `root` is that root, `job` the folder of this run (job.mjs), `modules` the kernel's.
bb=/bin/busybox
$bb mount -t devtmpfs none /dev
$bb mount -t proc none /proc
for module in /modules/*; do $bb insmod "$module"; done
share=trans=virtio,version=9p2000.L,msize=512000
$bb mount -t 9p -o "ro,cache=loose,$share" root /lower
$bb mount -t tmpfs -o size=80% none /upper
$bb mkdir /upper/changed /upper/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/upper/changed,workdir=/upper/work none /root
$bb mkdir -p /root/job "/root/lib/modules/$($bb uname -r)"
$bb mount -t 9p -o "$share" job /root/job
$bb mount -t 9p -o "ro,cache=loose,$share" modules "/root/lib/modules/$($bb uname -r)"
$bb umount /proc
$bb mount --move /dev /root/dev
exec $bb switch_root /root /job/repository/tools/kernels/guest.sh
