import type { Differences } from './compare-records.ts';

const QUEUE =
  'the links of ours have the queue length that the kernel gives: a shaper that a user adds takes its limit from it';

/** What our engine prints otherwise than the record of dockerd, by command line, and why. */
export const DIFFERENCES: Differences = {
  'run --rm --network rec-b busybox ip addr show eth0': {
    why: QUEUE,
    ours: link(1400, '10.201.2.128/24', '10.201.2.255'),
  },
  'run --rm --network name=rec-a,ip=10.201.1.20,alias=two busybox ip addr show eth0': {
    why: QUEUE,
    ours: link(1500, '10.201.1.20/24', '10.201.1.255'),
  },
  'network create -o com.docker.network.bridge.name=a-name-that-is-too-long --subnet 10.201.23.0/24 rec-bridge2': {
    why: 'dockerd passes the name to the kernel, and prints its answer; ours names the option',
    ours: '! Error response from daemon: invalid bridge name: a-name-that-is-too-long\n= 1',
  },
  'run --rm --tmpfs /t:size=x busybox true': {
    why: 'crun names the mount otherwise than runc, and the text is its own',
    ours: `! docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "tmpfs" to rootfs at "/t": mount tmpfs:/t: invalid argument
!
! Run 'docker run --help' for more information
= 125`,
  },
};

function link(mtu: number, address: string, broadcast: string): string {
  return `  <number>: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu ${mtu} qdisc noqueue qlen 1000
      link/ether <hardware address> brd <hardware address>
      inet ${address} brd ${broadcast} scope global eth0
         valid_lft forever preferred_lft forever`;
}
