// Named exports, grouped by file in alphabetical order. No other folder imports koffi.

export { type BytePath, showPath, sysPath, toBytePath } from './byte-path.ts';
export { wallTimeNanos } from './clock.ts';
export { DatagramBatch, type DatagramSender } from './datagrams.ts';
export type { Decoder } from './decode/decoder.ts';
export { openDecoder } from './decode/open-decoder.ts';
export { createDescriptorLog } from './descriptor-log.ts';
export { setOpenFileTimes, setTimes } from './file-times.ts';
export { nextData } from './holes.ts';
export { bindHostPort, boundPort, closeSocket, connectPort, type HostPort } from './host-port.ts';
export {
  type DirectoryOwner,
  makeDirectoryInRoot,
  makeFileInRoot,
  readInRoot,
  readLinkInRoot,
  statInRoot,
} from './in-root.ts';
export { dropUserKey, putUserKey, readUserKey } from './keyring.ts';
export { attachLoop, hasLoopDevices, type LoopDevice } from './loop-device.ts';
export { deviceMajor, deviceMinor, makeDevice, makeNode, S_IF } from './mknod.ts';
export {
  bindMount,
  detachMount,
  detachMountSlowly,
  type MountRequest,
  MS,
  mount,
  mountSlowly,
  type Propagation,
  remount,
  setPropagation,
  unmount,
} from './mount.ts';
export { mountFlags } from './mount-flags.ts';
export { enterMounts, type ViewMount } from './mount-view.ts';
export { isMountPoint, type MountInfo, mountOf, parseMountInfo, readMountInfo } from './mountinfo.ts';
export {
  addAddress,
  addDefaultRoute,
  addDirectRoute,
  addRoute,
  deleteAddress,
  deleteDefaultRoute,
  type LinkAddress,
  listAddresses,
  listRoutes,
  type Route,
  replaceDefaultRoute,
  replaceNeighbour,
} from './netlink/addresses.ts';
export { BridgeWatch } from './netlink/bridge-watch.ts';
export { forgetUdpFlows } from './netlink/conntrack.ts';
export { FirewallWatch } from './netlink/firewall-watch.ts';
export { type Family, ipBytes } from './netlink/ip-bytes.ts';
export {
  deleteLink,
  deleteLinkGroup,
  type Link,
  linkIndex,
  listLinks,
  moveLink,
  newBridge,
  newVeth,
  newVethPair,
  setBridgePort,
  setLink,
  type VethPair,
} from './netlink/links.ts';
export type { NetlinkMessage } from './netlink/message.ts';
export { NETLINK, NetlinkSocket, NFNL_SUBSYS_NFTABLES } from './netlink/netlink-socket.ts';
export { type PortRewrite, rewritePort } from './netlink/port-rewrite.ts';
export { WATCH_SIGNAL } from './netlink/signal-socket.ts';
export {
  type IpvlanFlag,
  type IpvlanMode,
  type MacvlanMode,
  newDummy,
  newIpvlan,
  newMacvlan,
  newVlan,
} from './netlink/stacked-links.ts';
export {
  limitSending,
  listQdiscs,
  newIfb,
  type Qdisc,
  receiveDirectly,
  redirectReceived,
  type TokenBucket,
} from './netlink/traffic-control.ts';
export {
  HomeNamespace,
  isNetworkNamespace,
  isolateNetwork,
  readSysctl,
  removeNetworkNamespace,
  writeSysctl,
} from './network-namespace.ts';
export { type Nftables, NftablesError, openNftables, openNftCommand } from './nftables.ts';
export { descriptorPath, O_PATH, openat2, openBeneath, openInRoot, RESOLVE } from './openat2.ts';
export { fitsMountOptions, mountOverlay, mountOverlayByOptions, type OverlayMount } from './overlay-mount.ts';
export { PacketSocket } from './packet-socket.ts';
export { exitCodeOfStatus, openPidfd, pidfdEnded, pidfdExitCode, signalPidfd, takeDescriptor } from './pidfd.ts';
export { withoutMount } from './private-mounts.ts';
export {
  becomeSubreaper,
  type ChildFile,
  closeInheritedOnExec,
  killProcess,
  makeFifo,
  peekExitedChild,
  type ReapedChild,
  reapChild,
  spawnProcess,
  tryLockFile,
} from './process.ts';
export { setNonBlocking, setTerminalSize, terminalSize } from './pty.ts';
export { openReadOnlyView } from './read-only-view.ts';
export { openEventCounter, Readiness, type ReadinessWatch } from './readiness.ts';
export { type CompiledSeccomp, compileSeccomp } from './seccomp.ts';
export { punchHole, splice } from './splice.ts';
export { spreadDirectories } from './spread-directories.ts';
export { syncFilesystem } from './sync-filesystem.ts';
export { check, SyscallError } from './syscall-error.ts';
export { enterRoot, separateThread } from './thread-root.ts';
export {
  type CopiedAttributes,
  type CopyEntry,
  type CopyRules,
  type CopyTree,
  copyAttributes,
  copyTree,
  TreeCopy,
} from './tree/copy-tree.ts';
export { Directory } from './tree/directory.ts';
export { removeTree, removeTreeSlowly } from './tree/remove-tree.ts';
export { treeSize } from './tree/tree-size.ts';
export { trimHeap } from './trim-heap.ts';
export { trimWhenIdle } from './trim-when-idle.ts';
export { UnixDatagrams } from './unix-datagrams.ts';
export {
  acceptDescriptor,
  isHungUp,
  listenForRoot,
  listenUnix,
  type PeerCredentials,
  peerCredentials,
  UNIX_PATH_MAX,
} from './unix-socket.ts';
export { getXattr, listXattrs, removeXattr, setXattr } from './xattr.ts';
export { readXtables, type XtablesTable, xtablesInUse } from './xtables.ts';
