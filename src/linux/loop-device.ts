import { type BigIntStats, closeSync, constants, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { makeDevice, makeNode, S_IF } from './mknod.ts';
import { SyscallError } from './syscall-error.ts';

const ioctlNumber = libc.func('int ioctl(int fd, ulong request, long argument)');
const ioctlBytes = libc.func('int ioctl(int fd, ulong request, uint8_t *argument)');

/** From linux/loop.h. */
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_GET_STATUS64 = 0x4c05;
const LO_FLAGS_AUTOCLEAR = 4;
const LOOP_MAJOR = 7;
/** `struct loop_config`: descriptor, block size, `struct loop_info64`, reserved. */
const CONFIG_BYTES = 304;
/** `struct loop_info64`, which begins with device and inode of the file. */
const INFO_BYTES = 232;
const FLAGS_AT = 60;
const FILE_NAME_AT = 64;
const FILE_NAME_BYTES = 64;
/** Another process may take the free device first. */
const TRIES = 64;

/**
 * A loop device. The kernel frees it when its last user (this descriptor, or a mount) is gone.
 */
export interface LoopDevice extends Disposable {
  /** Such as `/dev/loop3`. */
  readonly path: string;
}

/**
 * Makes a file a block device (loop(4)), or returns the device that the file already is: two devices on one file would
 * destroy its file system. Dispose the result once the device is mounted: the mount keeps it.
 * @throws {SyscallError} ENOENT without loop devices, EPERM, ENODEV, EBUSY
 */
export function attachLoop(file: string): LoopDevice {
  const backing = openSync(file, constants.O_RDWR);
  try {
    const attached = attachedLoop(fstatSync(backing, { bigint: true }));
    if (attached !== undefined) return attached;
    for (let left = TRIES; ; left -= 1) {
      const device = freeDevice();
      const descriptor = openSync(device, constants.O_RDWR);
      const errno = configure(descriptor, backing, file);
      if (errno === 0) return { path: device, [Symbol.dispose]: () => closeSync(descriptor) };
      closeSync(descriptor);
      if (errno !== koffi.os.errno['EBUSY'] || left === 0) throw new SyscallError('LOOP_CONFIGURE', errno, device);
    }
  } finally {
    closeSync(backing);
  }
}

/** Whether this host has loop devices. */
export function hasLoopDevices(): boolean {
  return existsSync('/dev/loop-control');
}

function attachedLoop({ dev, ino }: BigIntStats): LoopDevice | undefined {
  for (const name of readdirSync('/sys/block')) {
    if (!/^loop\d+$/.test(name) || !existsSync(`/sys/block/${name}/loop/backing_file`)) continue;
    const path = `/dev/${name}`;
    const descriptor = openIfPossible(path);
    if (descriptor === undefined) continue;
    const info = Buffer.alloc(INFO_BYTES);
    const isBound = ioctlBytes(descriptor, LOOP_GET_STATUS64, info) === 0;
    if (isBound && info.readBigUInt64LE(0) === dev && info.readBigUInt64LE(8) === ino)
      return { path, [Symbol.dispose]: () => closeSync(descriptor) };
    closeSync(descriptor);
  }
  return undefined;
}

/** A device of another program may vanish at any moment, or be out of reach. */
function openIfPossible(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch {
    return undefined;
  }
}

function freeDevice(): string {
  const control = openSync('/dev/loop-control', constants.O_RDWR);
  try {
    const number = ioctlNumber(control, LOOP_CTL_GET_FREE, 0);
    if (number < 0) throw new SyscallError('LOOP_CTL_GET_FREE', koffi.errno(), '/dev/loop-control');
    const path = `/dev/loop${number}`;
    // Where /dev is not the kernel's own (in containers) nobody makes the node.
    if (!existsSync(path)) makeNode(path, S_IF.BLK | 0o600, makeDevice(LOOP_MAJOR, number));
    return path;
  } finally {
    closeSync(control);
  }
}

/** Returns the errno, 0 for success. */
function configure(device: number, backing: number, file: string): number {
  const config = Buffer.alloc(CONFIG_BYTES);
  config.writeUInt32LE(backing, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR, FLAGS_AT);
  // For losetup(8) alone.
  config.write(file.slice(-(FILE_NAME_BYTES - 1)), FILE_NAME_AT, FILE_NAME_BYTES - 1, 'latin1');
  return ioctlBytes(device, LOOP_CONFIGURE, config) === 0 ? 0 : koffi.errno();
}
