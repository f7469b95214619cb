import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';

const addKeyCall = libc.func(
  'long syscall(long number, const char *type, const char *description, const uint8_t *payload, size_t size, long ring)',
);
const searchCall = libc.func(
  'long syscall(long number, long operation, long ring, const char *type, const char *description, long destination)',
);
const readCall = libc.func(
  'long syscall(long number, long operation, long key, _Out_ uint8_t *payload, size_t size, long unused)',
);
const plainCall = libc.func('long syscall(long number, long operation, long key, long value, long unused, long more)');

/** Numbers of add_key(2) and keyctl(2): not every system has a library with wrappers. */
const [ADD_KEY, KEYCTL] = process.arch === 'arm64' ? [217, 219] : [248, 250];
const OPERATION = { setPermissions: 5, link: 8, search: 10, read: 11, invalidate: 21 } as const;
const RING = { process: -2, user: -4 } as const;
/** All rights for the possessor and for processes of the same user, none for others. */
const SAME_USER_ONLY = 0x3f3f0000;
/** The kernel's limit for the type `user` is 32767 bytes. Our keys are far smaller. */
const PAYLOAD_BYTES_MAX = 4096;

/**
 * Keeps bytes in the memory of the kernel, for all processes of this user, until the machine restarts: in the user
 * keyring (user-keyring(7)), with type `user`. Replaces an older key of that description.
 * @throws {SyscallError} ENOSYS, EPERM where a container's filter forbids the calls; EDQUOT
 */
export function putUserKey(description: string, payload: Uint8Array): void {
  // The key is made in the keyring of this process first: only its possessor may change its permissions, and a session
  // need not have access to the user keyring (a login without pam_keyinit does not).
  const key = check(
    Number(addKeyCall(ADD_KEY, 'user', description, payload, payload.length, RING.process)),
    'add_key',
    description,
  );
  check(Number(plainCall(KEYCTL, OPERATION.setPermissions, key, SAME_USER_ONLY, 0, 0)), 'keyctl_setperm', description);
  check(Number(plainCall(KEYCTL, OPERATION.link, key, RING.user, 0, 0)), 'keyctl_link', description);
}

/** Undefined when there is no key, it was revoked, or the calls are forbidden here. */
export function readUserKey(description: string): Buffer | undefined {
  const key = findUserKey(description);
  if (key === undefined) return undefined;
  const payload = Buffer.alloc(PAYLOAD_BYTES_MAX);
  const length = Number(readCall(KEYCTL, OPERATION.read, key, payload, payload.length, 0));
  if (length < 0) return absent('keyctl_read', description);
  const answer = Buffer.from(payload.subarray(0, Math.min(length, payload.length)));
  payload.fill(0);
  return answer;
}

/** Deletes a key. A missing key is success. */
export function dropUserKey(description: string): void {
  const key = findUserKey(description);
  if (key !== undefined && Number(plainCall(KEYCTL, OPERATION.invalidate, key, 0, 0, 0)) < 0) {
    absent('keyctl_invalidate', description);
  }
}

function findUserKey(description: string): number | undefined {
  const found = Number(searchCall(KEYCTL, OPERATION.search, RING.user, 'user', description, 0));
  return found < 0 ? absent('keyctl_search', description) : found;
}

const ABSENT = new Set(['ENOKEY', 'EKEYEXPIRED', 'EKEYREVOKED', 'ENOSYS', 'EPERM', 'EACCES']);
/** Linux error numbers without a name in Node. */
const KEY_ERRORS = new Map([
  [126, 'ENOKEY'],
  [127, 'EKEYEXPIRED'],
  [128, 'EKEYREVOKED'],
]);

function absent(call: string, description: string): undefined {
  const errno = koffi.errno();
  const error = new SyscallError(call, errno, description);
  if (ABSENT.has(KEY_ERRORS.get(errno) ?? error.code)) return undefined;
  throw error;
}
