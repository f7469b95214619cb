/** Flags of /proc/cpuinfo that each level adds to the one before it (x86-64 psABI, "Micro-Architecture Levels"). */
const LEVELS: readonly (readonly [level: string, flags: string])[] = [
  ['v2', 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3'],
  ['v3', 'abm avx avx2 bmi1 bmi2 f16c fma movbe xsave'],
  ['v4', 'avx512f avx512bw avx512cd avx512dq avx512vl'],
];

/**
 * The highest amd64 level of the first CPU in the text of /proc/cpuinfo. Undefined for the base level and for other
 * architectures.
 */
export function cpuLevel(cpuinfo: string): string | undefined {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(' ') ?? []);
  let reached: string | undefined;
  for (const [level, names] of LEVELS) {
    if (!names.split(' ').every((name) => flags.has(name))) break;
    reached = level;
  }
  return reached;
}
