import { closeSync, fstatSync, readSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { ownValue } from '../base/own-value.ts';
import { libc } from './libc.ts';
import { check } from './syscall-error.ts';

/** A comparison of a system call's argument, with the names of seccomp_rule_add(3). */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  /** For the action `SCMP_ACT_ERRNO`. Default EPERM. */
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** A filter with the names of the OCI runtime specification. */
export interface SeccompRules {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
}

const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};
const OPERATORS: Readonly<Record<string, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};
const EPERM = 1;
const EEXIST = -17;
/** Returned by the library for an unknown name. */
const UNKNOWN = -1;
/** ARM has private calls far above the others. */
const PRIVATE_CALLS = 0x0f0000;
/** A bit that every x32 number has. */
const X32_BIT = 0x40000000;
/** Bytes of a `struct scmp_arg_cmp`. */
const COMPARISON_BYTES = 24;
const MFD_CLOEXEC = 1;

export interface CompiledSeccomp {
  /** Instructions of `struct sock_filter`. */
  readonly program: Buffer;
  /** For each architecture (`SCMP_ARCH_X86_64`): the largest number of a system call in the rules. */
  readonly newest: ReadonlyMap<string, number>;
}

interface Library {
  readonly init: (action: number) => unknown;
  readonly release: (context: unknown) => void;
  readonly addArchitecture: (context: unknown, token: number) => number;
  readonly architecture: (name: string) => number;
  readonly number: (name: string) => number;
  readonly numberOn: (token: number, name: string) => number;
  readonly addRule: (context: unknown, action: number, call: number, count: number, args: Buffer) => number;
  readonly exportTo: (context: unknown, file: number) => number;
}

let loaded: Library | undefined | 'absent';

/**
 * Compiles a filter to the kernel's form with libseccomp, as crun does: names that the library does not know
 * are skipped. Blocks for about 20 ms with Docker's default profile. Returns undefined when the library is missing, and
 * for other actions and unknown architectures.
 */
export function compileSeccomp(rules: SeccompRules): CompiledSeccomp | undefined {
  loaded ??= open() ?? 'absent';
  const defaultAction = actionOf(rules.defaultAction, rules.defaultErrnoRet);
  if (loaded === 'absent' || defaultAction === undefined) return undefined;
  const library = loaded;
  const context = library.init(defaultAction);
  if (context === null) return undefined;
  try {
    for (const name of rules.architectures ?? []) {
      const token = tokenOf(library, name);
      const added = token === 0 ? -1 : library.addArchitecture(context, token);
      if (added < 0 && added !== EEXIST) return undefined;
    }
    for (const rule of rules.syscalls ?? []) if (!addRule(library, context, rule, defaultAction)) return undefined;
    const program = exported(library, context);
    return program === undefined ? undefined : { program, newest: newestOf(library, rules) };
  } finally {
    library.release(context);
  }
}

/** Returns the library's token of an architecture, and 0 for an unknown one. */
function tokenOf(library: Library, name: string): number {
  return library.architecture(name.replace('SCMP_ARCH_', '').toLowerCase());
}

/** Calls that an architecture lacks have negative numbers. */
function newestOf(library: Library, { architectures = [], syscalls = [] }: SeccompRules): ReadonlyMap<string, number> {
  const names = new Set(syscalls.flatMap((rule) => rule.names));
  return new Map(
    architectures.map((name) => {
      const token = tokenOf(library, name);
      const numbers = [...names].map((call) => library.numberOn(token, call)).filter((call) => !isPrivate(call));
      return [name, numbers.reduce((most, call) => Math.max(most, call), UNKNOWN)];
    }),
  );
}

function isPrivate(call: number): boolean {
  return call >= PRIVATE_CALLS && call < X32_BIT;
}

/** Returns false for a rule that cannot be added. */
function addRule(library: Library, context: unknown, rule: SeccompRule, defaultAction: number): boolean {
  const action = actionOf(rule.action, rule.errnoRet);
  const comparisons = (rule.args ?? []).map(comparison);
  if (action === undefined || comparisons.includes(undefined)) return false;
  if (action === defaultAction) return true;
  const args = comparisons.filter((bytes) => bytes !== undefined);
  // A rule of the library compares an argument only once. Further comparisons of an argument are alternatives.
  const isRepeated = new Set(rule.args?.map(({ index }) => index)).size < args.length;
  const alternatives = isRepeated ? args.map((one) => [one]) : [args];
  for (const name of rule.names) {
    const call = library.number(name);
    if (call === UNKNOWN) continue;
    for (const together of alternatives) {
      if (library.addRule(context, action, call, together.length, Buffer.concat(together)) < 0) return false;
    }
  }
  return true;
}

function actionOf(name: string, errno = EPERM): number | undefined {
  const action = ownValue(ACTIONS, name);
  return action === undefined || name !== 'SCMP_ACT_ERRNO' ? action : (action | errno) >>> 0;
}

function comparison({ index, value, valueTwo = 0, op }: SeccompArgument): Buffer | undefined {
  const operator = ownValue(OPERATORS, op);
  if (operator === undefined) return undefined;
  const bytes = Buffer.alloc(COMPARISON_BYTES);
  bytes.writeUInt32LE(index, 0);
  bytes.writeUInt32LE(operator, 4);
  bytes.writeBigUInt64LE(BigInt(value), 8);
  bytes.writeBigUInt64LE(BigInt(valueTwo), 16);
  return bytes;
}

function exported(library: Library, context: unknown): Buffer | undefined {
  const memory = libc.func('int memfd_create(const char *name, unsigned int flags)');
  const file: number = check(memory('seccomp', MFD_CLOEXEC), 'memfd_create', 'seccomp');
  try {
    if (library.exportTo(context, file) < 0) return undefined;
    const program = Buffer.alloc(fstatSync(file).size);
    return readSync(file, program, 0, program.length, 0) === program.length ? program : undefined;
  } finally {
    closeSync(file);
  }
}

function open(): Library | undefined {
  let library: LibraryHandle;
  try {
    library = koffi.load('libseccomp.so.2');
  } catch {
    return undefined;
  }
  return {
    init: library.func('void *seccomp_init(uint32_t action)'),
    release: library.func('void seccomp_release(void *context)'),
    addArchitecture: library.func('int seccomp_arch_add(void *context, uint32_t token)'),
    architecture: library.func('uint32_t seccomp_arch_resolve_name(const char *name)'),
    number: library.func('int seccomp_syscall_resolve_name(const char *name)'),
    numberOn: library.func('int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)'),
    addRule: library.func(
      'int seccomp_rule_add_array(void *context, uint32_t action, int call, unsigned int count, const uint8_t *args)',
    ),
    exportTo: library.func('int seccomp_export_bpf(void *context, int file)'),
  };
}
