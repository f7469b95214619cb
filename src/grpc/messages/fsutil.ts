/** fsutil.types: directories as streams of packets. */
import {
  bytes,
  enumeration,
  int64,
  type Message,
  map,
  message,
  optional,
  safeInt64,
  string,
  uint32,
} from '../protobuf/descriptor.ts';

export const packetPacketType = {
  PACKET_STAT: 0,
  PACKET_REQ: 1,
  PACKET_DATA: 2,
  PACKET_FIN: 3,
  PACKET_ERR: 4,
} as const;

export const stat = message('fsutil.types.Stat', {
  path: string(1),
  /** Mode bits of Go's os.FileMode, which are not those of the kernel. */
  mode: uint32(2),
  uid: uint32(3),
  gid: uint32(4),
  size: safeInt64(5),
  /** Nanoseconds since 1970. */
  modTime: int64(6),
  linkname: string(7),
  devmajor: safeInt64(8),
  devminor: safeInt64(9),
  xattrs: map(bytes(10)),
});
export type Stat = Message<typeof stat>;

/** One packet. `ID` is the index of a file's PACKET_STAT. An empty PACKET_DATA ends a file. */
export const packet = message('fsutil.types.Packet', {
  type: enumeration(1),
  stat: optional(2, () => stat),
  ID: uint32(3),
  data: bytes(4),
});
export type Packet = Message<typeof packet>;
