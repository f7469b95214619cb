import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SeccompProfile } from '../../spec/index.ts';
import { CAPABILITIES } from './capabilities.ts';
import { customSeccomp, defaultSeccomp, type SeccompSubject } from './seccomp.ts';

const REFERENCE = join(import.meta.dirname, '../../../../shared/reference/seccomp-default.json');
const DEFAULTS = ['CAP_CHOWN', 'CAP_SYS_CHROOT', 'CAP_NET_RAW'];

function subject(capabilities: readonly string[], architecture = 'amd64', kernel = '6.1'): SeccompSubject {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return { capabilities, architecture, kernel: { major, minor, release: kernel } };
}

/** What is decided about each system call, whatever the order in which a profile lists it. */
function decisions(profile: SeccompProfile): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const { names, ...decision } of profile.syscalls ?? []) {
    const text = JSON.stringify([decision.action, decision.errnoRet, decision.args]);
    for (const name of names) map.set(name, [...(map.get(name) ?? []), text].sort());
  }
  return new Map([...map].sort());
}

test('the default profile decides as the reference does, for every capability, architecture and kernel that matters', (t) => {
  if (!existsSync(REFERENCE)) return t.skip(`no reference at ${REFERENCE}`);
  const reference = readFileSync(REFERENCE, 'utf8');
  // Rules name single capabilities: one more, or all, covers each.
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

interface ReferenceRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; op: string }[];
  includes?: { caps?: string[]; arches?: string[]; minKernel?: string };
  excludes?: { caps?: string[]; arches?: string[]; minKernel?: string };
}

/** The meaning of a Docker profile, written a second time and without regard to speed. */
function expected(text: string, who: SeccompSubject): SeccompProfile {
  const profile = JSON.parse(text) as {
    defaultAction: string;
    defaultErrnoRet: number;
    archMap: { architecture: string; subArchitectures: string[] | null }[];
    syscalls: ReferenceRule[];
  };
  const native: Record<string, string> = {
    amd64: 'X86_64',
    arm64: 'AARCH64',
    s390x: 'S390X',
    riscv64: 'RISCV64',
    loong64: 'LOONGARCH64',
  };
  const arch = profile.archMap.find((entry) => entry.architecture === `SCMP_ARCH_${native[who.architecture]}`);
  const atLeast = (version: string): boolean => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return who.kernel.major * 1000 + who.kernel.minor >= major * 1000 + minor;
  };
  const syscalls = profile.syscalls.filter(({ includes = {}, excludes = {} }) => {
    const excluded =
      excludes.arches?.some((one) => one === who.architecture) ||
      excludes.caps?.some((one) => who.capabilities.includes(one)) ||
      (excludes.minKernel !== undefined && atLeast(excludes.minKernel));
    const missing =
      (includes.arches !== undefined && !includes.arches.some((one) => one === who.architecture)) ||
      includes.caps?.some((one) => !who.capabilities.includes(one)) ||
      (includes.minKernel !== undefined && !atLeast(includes.minKernel));
    return !excluded && !missing;
  });
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: arch === undefined ? [] : [arch.architecture, ...(arch.subArchitectures ?? [])],
    syscalls: syscalls.map(({ includes: _, excludes: __, ...rest }) => ({
      names: rest.names,
      action: rest.action,
      ...(rest.errnoRet === undefined ? {} : { errnoRet: rest.errnoRet }),
      ...(rest.args === undefined ? {} : { args: rest.args }),
    })),
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
