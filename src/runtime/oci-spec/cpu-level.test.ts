import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuLevel } from './cpu-level.ts';

const V2 = 'fpu cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const V3 = `${V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave`;
const cpuinfo = (flags: string): string => `processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t: none\n`;

test('the level is the last one that has all its flags', () => {
  assert.equal(cpuLevel(cpuinfo('fpu sse2')), undefined);
  assert.equal(cpuLevel(cpuinfo(V2)), 'v2');
  assert.equal(cpuLevel(cpuinfo(`${V2} avx512f avx512bw avx512cd avx512dq avx512vl`)), 'v2');
  assert.equal(cpuLevel(cpuinfo(V3)), 'v3');
  assert.equal(cpuLevel(cpuinfo(`${V3} avx512f avx512bw avx512cd avx512dq avx512vl`)), 'v4');
  assert.equal(cpuLevel('Features\t: fp asimd\n'), undefined);
});
