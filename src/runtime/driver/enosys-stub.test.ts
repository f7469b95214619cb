import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSeccomp } from '../../linux/index.ts';
import type { SeccompProfile } from '../../spec/index.ts';
import { defaultSeccomp } from '../oci-spec/seccomp.ts';
import { addEnosysStub } from './enosys-stub.ts';

const ALLOW = 0x7fff0000;
const errno = (number: number): number => 0x00050000 | number;
const [X86_64, X86, AARCH64, ARM, RISCV] = [0xc000003e, 0x40000003, 0xc00000b7, 0x40000028, 0xc00000f3];

/** Runs a filter as the kernel does, on a call whose arguments are all -1. */
function decide(program: Buffer, architecture: number, number: number): number {
  let value = 0;
  for (let at = 0; ; at += 1) {
    const [code, yes, no] = [program.readUInt16LE(at * 8), program[at * 8 + 2] ?? 0, program[at * 8 + 3] ?? 0];
    const operand = program.readUInt32LE(at * 8 + 4);
    const jump = (isMet: boolean): void => {
      at += isMet ? yes : no;
    };
    if (code === 0x20) value = operand === 0 ? number : operand === 4 ? architecture : 0xffffffff;
    else if (code === 0x05) at += operand;
    else if (code === 0x15) jump(value === operand);
    else if (code === 0x25) jump(value > operand);
    else if (code === 0x35) jump(value >= operand);
    else if (code === 0x45) jump((value & operand) !== 0);
    else if (code === 0x54) value = (value & operand) >>> 0;
    else if (code === 0x06) return operand;
    else assert.fail(`instruction ${at} has code ${code.toString(16)}`);
  }
}

/** A filter whose result shows the architecture, so that a test sees which calls reach it. */
const REACHED = Buffer.from('2000000004000000' + '0600000099000000', 'hex');
const PROFILE: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: ['read', 'mseal', 'statmount'], action: 'SCMP_ACT_ALLOW' },
    { names: ['statmount'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
    { names: ['fchmodat2'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 },
  ],
};

test('calls behind the last that a profile names are answered ENOSYS, on every architecture', () => {
  const newest = new Map([
    ['SCMP_ARCH_X86_64', 452],
    ['SCMP_ARCH_X86', 452],
    ['SCMP_ARCH_X32', 0x40000000 + 452],
    ['SCMP_ARCH_RISCV64', 452],
  ]);
  const program = addEnosysStub({ program: REACHED, newest }, PROFILE);
  for (const [architecture, number, action] of [
    [X86_64, 0, 0x99],
    [X86_64, 452, 0x99],
    [X86_64, 457, 0x99], // Permitted for some arguments only: the filter decides.
    [X86_64, 461, 0x99],
    [X86_64, 462, ALLOW],
    [X86_64, 463, errno(38)],
    [X86_64, 1000, errno(38)],
    [X86_64, 0xffffffff, errno(38)],
    [X86_64, 0x40000001, 0x99],
    [X86_64, 0x40000000 + 453, errno(38)],
    [X86, 20, 0x99],
    [X86, 462, ALLOW],
    [X86, 463, errno(38)],
    [AARCH64, 1000, 0x99],
    [RISCV, 1000, 0x99],
  ] as const)
    assert.equal(decide(program, architecture, number), action, `${architecture.toString(16)} ${number}`);
});

test('private calls of ARM reach the filter', () => {
  const newest = new Map([
    ['SCMP_ARCH_AARCH64', 452],
    ['SCMP_ARCH_ARM', 452],
  ]);
  const program = addEnosysStub({ program: REACHED, newest }, PROFILE);
  assert.equal(decide(program, ARM, 0x0f0005), 0x99);
  assert.equal(decide(program, ARM, 500), errno(38));
  assert.equal(decide(program, AARCH64, 500), errno(38));
});

test('a profile that permits what it does not name, or answers ENOSYS itself, stays as it is', () => {
  const newest = new Map([['SCMP_ARCH_X86_64', 452]]);
  for (const change of [
    { defaultAction: 'SCMP_ACT_ALLOW' },
    { defaultAction: 'SCMP_ACT_LOG' },
    { defaultErrnoRet: 38 },
  ])
    assert.equal(addEnosysStub({ program: REACHED, newest }, { ...PROFILE, ...change }), REACHED);
});

test('the default profile, compiled, decides as with dockerd', (t) => {
  const architecture = process.arch === 'x64' ? 'amd64' : 'arm64';
  const kernel = { major: 6, minor: 18, release: '6.18.0' };
  const profile = defaultSeccomp({ capabilities: [], architecture, kernel });
  const compiled = compileSeccomp(profile);
  if (compiled === undefined) return t.skip('no libseccomp on this machine');
  const program = addEnosysStub(compiled, profile);
  assert.ok(program.length / 8 < 4096, 'the kernel takes no longer filters');
  const own = process.arch === 'x64' ? X86_64 : AARCH64;
  for (const [number, action] of [
    [425, errno(1)], // io_uring_setup
    [435, errno(38)], // clone3
    [441, ALLOW],
    [450, errno(1)], // set_mempolicy_home_node
    [456, ALLOW],
    [457, ALLOW],
    [460, errno(1)], // lsm_set_self_attr
    [462, ALLOW],
    [466, ALLOW],
    [467, errno(38)],
    [1000, errno(38)],
  ] as const)
    assert.equal(decide(program, own, number), action, String(number));
});
