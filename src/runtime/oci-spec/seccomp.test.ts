import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SeccompProfile } from '../../spec/index.ts';
import { CAPABILITIES } from './capabilities.ts';
import { customSeccomp, defaultSeccomp, type SeccompSubject } from './seccomp.ts';

/** The decisions of Docker's default profile (tools/contract-facts.mjs). */
const FACTS = new URL('../../../test/contract/seccomp-decisions.json', import.meta.url);
const DEFAULTS = ['CAP_CHOWN', 'CAP_SYS_CHROOT', 'CAP_NET_RAW'];

function subject(capabilities: readonly string[], architecture = 'amd64', kernel = '6.1'): SeccompSubject {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return { capabilities, architecture, kernel: { major, minor, release: kernel } };
}

/** The decisions per system call, independent of the order of a profile. */
function decisions(profile: SeccompProfile): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { names, ...decision } of profile.syscalls ?? []) {
    const text = JSON.stringify([decision.action, decision.errnoRet, decision.args]);
    for (const name of names) map.set(name, [...(map.get(name) ?? []), text].sort());
  }
  return new Map([...map].sort());
}

test('the default profile decides as the reference does, for every capability, architecture and kernel that matters', () => {
  const reference: Decisions = JSON.parse(readFileSync(FACTS, 'utf8'));
  // The default profile tests capabilities one by one: one more than the default, or all, covers each.
  const all = [...CAPABILITIES];
  const sets: readonly string[][] = [[], DEFAULTS, all, ...all.map((one) => [...DEFAULTS, one])];
  for (const architecture of ['amd64', 'arm64', 'arm', 's390x', 'ppc64le', 'riscv64', 'loong64']) {
    for (const kernel of ['4.7', '4.8', '6.18']) {
      for (const set of architecture === 'amd64' ? sets : sets.slice(0, 3)) {
        const who = subject(set, architecture, kernel);
        const wanted = expected(reference, who);
        const ours = defaultSeccomp(who);
        assert.deepEqual(decisions(ours), decisions(wanted), `${architecture} ${kernel} ${set.join()}`);
        assert.equal(ours.defaultAction, wanted.defaultAction);
        assert.equal(ours.defaultErrnoRet, wanted.defaultErrnoRet);
        assert.deepEqual(ours.architectures, wanted.architectures);
      }
    }
  }
});

interface Decision {
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; op: string }[];
  includes?: { caps?: string[]; arches?: string[]; minKernel?: string };
  excludes?: { caps?: string[]; arches?: string[]; minKernel?: string };
}

interface Decisions {
  defaultAction: string;
  defaultErrnoRet: number;
  architectures: Record<string, string[]>;
  /** System calls that are always allowed. */
  allowed: string[];
  decided: Record<string, Decision[]>;
}

/** A second implementation of a Docker profile's meaning, without regard to speed. */
function expected(reference: Decisions, who: SeccompSubject): SeccompProfile {
  const native: Record<string, string> = {
    amd64: 'X86_64',
    arm64: 'AARCH64',
    s390x: 'S390X',
    riscv64: 'RISCV64',
    loong64: 'LOONGARCH64',
  };
  const arch = `SCMP_ARCH_${native[who.architecture]}`;
  const others = reference.architectures[arch];
  const atLeast = (version: string): boolean => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return who.kernel.major * 1000 + who.kernel.minor >= major * 1000 + minor;
  };
  const holds = ({ includes = {}, excludes = {} }: Decision): boolean => {
    const excluded =
      excludes.arches?.some((one) => one === who.architecture) ||
      excludes.caps?.some((one) => who.capabilities.includes(one)) ||
      (excludes.minKernel !== undefined && atLeast(excludes.minKernel));
    const missing =
      (includes.arches !== undefined && !includes.arches.some((one) => one === who.architecture)) ||
      includes.caps?.some((one) => !who.capabilities.includes(one)) ||
      (includes.minKernel !== undefined && !atLeast(includes.minKernel));
    return !excluded && !missing;
  };
  const rules = [
    { names: reference.allowed, action: 'SCMP_ACT_ALLOW' },
    ...Object.entries(reference.decided).flatMap(([name, decisions]) =>
      decisions.filter(holds).map(({ includes: _, excludes: __, ...decision }) => ({ names: [name], ...decision })),
    ),
  ];
  return {
    defaultAction: reference.defaultAction,
    defaultErrnoRet: reference.defaultErrnoRet,
    architectures: others === undefined ? [] : [arch, ...others],
    syscalls: rules,
  };
}

test('the same decision is the same object, so that its text can be kept', () => {
  assert.equal(defaultSeccomp(subject(DEFAULTS)), defaultSeccomp(subject([...DEFAULTS, 'CAP_KILL'])));
  assert.notEqual(defaultSeccomp(subject(DEFAULTS)), defaultSeccomp(subject([...DEFAULTS, 'CAP_SYS_ADMIN'])));
});

test('containers may not make namespaces unless they have CAP_SYS_ADMIN', () => {
  const plain = decisions(defaultSeccomp(subject(DEFAULTS)));
  assert.equal(plain.has('unshare'), false);
  assert.deepEqual(plain.get('clone3'), ['["SCMP_ACT_ERRNO",38,null]']);
  const admin = decisions(defaultSeccomp(subject(['CAP_SYS_ADMIN'])));
  assert.deepEqual(admin.get('unshare'), ['["SCMP_ACT_ALLOW",null,null]']);
});

test('a custom profile takes the architectures of the host and the rules that apply', () => {
  const profile = customSeccomp(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ALLOW',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['mount'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] } },
        { name: 'reboot', action: 'SCMP_ACT_KILL', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
      ],
    }),
    subject(['CAP_SYS_ADMIN']),
  );
  assert.deepEqual(profile?.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  assert.deepEqual(profile?.syscalls, [
    { names: ['reboot'], action: 'SCMP_ACT_KILL', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
  ]);
  assert.equal(customSeccomp('{}', subject([])), undefined);
});

test('a profile that is none is refused', () => {
  for (const [json, message] of [
    ['{', /^Decoding seccomp profile failed: /],
    ['[]', /must be an object/],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"x"}]}',
      /both 'name' and 'names'/,
    ],
    [
      '{"architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"x"}],"defaultAction":"a"}',
      /both 'architectures' and 'archMap'/,
    ],
    ['{"defaultAction":"a","syscalls":[{"names":[1]}]}', /names must be a string/],
    [
      '{"defaultAction":"a","syscalls":[{"names":["x"],"args":[{"index":-1,"op":"y"}]}]}',
      /index must be an unsigned number/,
    ],
    [
      '{"defaultAction":"a","syscalls":[{"names":["x"],"includes":{"minKernel":"new"}}]}',
      /invalid kernel version: new/,
    ],
  ] as const) {
    assert.throws(() => customSeccomp(json, subject([])), { kind: 'invalid', message }, json);
  }
});
