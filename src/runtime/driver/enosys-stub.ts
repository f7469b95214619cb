import type { CompiledSeccomp } from '../../linux/index.ts';
import type { SeccompProfile } from '../../spec/index.ts';
import { NEW_SYSCALLS } from './new-syscalls.ts';

const ENOSYS = 38;
/** Values of AUDIT_ARCH by libseccomp's architecture names. x32 has the value of x86-64, and a bit in its numbers. */
const AUDIT_ARCH: Readonly<Record<string, number>> = {
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_ARM: 0x40000028,
};
const X32 = 'SCMP_ARCH_X32';
const X32_BIT = 0x40000000;
/** First number of ARM's private system calls. */
const PRIVATE_CALLS = 0x0f0000;
const MAYBE_PERMITTED: ReadonlySet<string> = new Set(['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG']);

/** Codes of `struct sock_filter` (linux/bpf_common.h), offsets in `struct seccomp_data`. */
const LOAD = 0x20;
const JUMP = 0x05;
const IF_EQUAL = 0x15;
const IF_GREATER = 0x25;
const IF_AT_LEAST = 0x35;
const RETURN = 0x06;
const NUMBER = 0;
const ARCHITECTURE = 4;
const RETURN_ERRNO = 0x00050000;
const RETURN_ALLOW = 0x7fff0000;

/**
 * Puts instructions before a filter, so that system calls newer than its profile return ENOSYS instead of EPERM (runc's
 * ENOSYS stub). Programs then fall back to older calls. New calls that the profile permits unconditionally are permitted
 * also when libseccomp does not know them. A filter whose default is to permit, or to return ENOSYS, stays unchanged.
 */
export function addEnosysStub({ program, newest }: CompiledSeccomp, profile: SeccompProfile): Buffer {
  if (MAYBE_PERMITTED.has(profile.defaultAction) || profile.defaultErrnoRet === ENOSYS) return program;
  const named = (profile.syscalls ?? []).flatMap(({ names }) => names.map((name) => NEW_SYSCALLS.get(name) ?? 0));
  const newestNamed = Math.max(0, ...named);
  const permitted = permittedCalls(profile);
  const blocks = [...newest]
    .filter(([name]) => Object.hasOwn(AUDIT_ARCH, name))
    .map(([name, last]) => {
      const x32 = name === 'SCMP_ARCH_X86_64' ? newest.get(X32) : undefined;
      return architectureBlock(AUDIT_ARCH[name] ?? 0, { last: Math.max(last, newestNamed), x32, permitted });
    });
  return Buffer.concat([instruction(LOAD, ARCHITECTURE), ...blocks, program]);
}

/** Returns the new calls that every rule about them permits, whatever their arguments. */
function permittedCalls(profile: SeccompProfile): readonly number[] {
  const rules = profile.syscalls ?? [];
  const isPermitted = (name: string): boolean => {
    const own = rules.filter(({ names }) => names.includes(name));
    return own.length > 0 && own.every(({ action, args = [] }) => action === 'SCMP_ACT_ALLOW' && args.length === 0);
  };
  return [...NEW_SYSCALLS].filter(([name]) => isPermitted(name)).map(([, number]) => number);
}

interface Calls {
  readonly last: number;
  /** The largest number of an x32 call. x32 shares the architecture value of x86-64. */
  readonly x32: number | undefined;
  readonly permitted: readonly number[];
}

/** Returns the instructions for one architecture. The architecture's value is loaded before and after them. */
function architectureBlock(architecture: number, { last, x32, permitted }: Calls): Buffer {
  const code: Buffer[] = [];
  // Indexes of instructions in `code`.
  const special = 4 + permitted.length;
  const [noCall, allow, filter] = [special + 1, special + 2, special + 3];
  const to = (place: number): number => place - code.length - 1;
  const jumpIf = (test: number, value: number, yes: number, no = 0): void => {
    code.push(instruction(test, value, { yes, no }));
  };
  code.push(instruction(LOAD, NUMBER));
  jumpIf(IF_AT_LEAST, x32 === undefined ? PRIVATE_CALLS : X32_BIT, to(special));
  jumpIf(IF_GREATER, last, to(noCall));
  for (const call of permitted) jumpIf(IF_EQUAL, call, to(allow));
  code.push(instruction(JUMP, to(filter)));
  if (x32 === undefined) code.push(instruction(JUMP, to(filter)));
  else jumpIf(IF_GREATER, x32, to(noCall), to(filter));
  code.push(instruction(RETURN, RETURN_ERRNO | ENOSYS), instruction(RETURN, RETURN_ALLOW));
  code.push(instruction(LOAD, ARCHITECTURE));
  return Buffer.concat([instruction(IF_EQUAL, architecture, { yes: 0, no: code.length }), ...code]);
}

function instruction(
  code: number,
  value: number,
  jumps: { readonly yes: number; readonly no: number } = { yes: 0, no: 0 },
): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(jumps.yes, 2);
  bytes.writeUInt8(jumps.no, 3);
  bytes.writeUInt32LE(value >>> 0, 4);
  return bytes;
}
