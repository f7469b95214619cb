import type { RuntimeProcess, RuntimeSpec, SeccompProfile } from '../../spec/index.ts';

/** `JSON.rawJSON` (ES2025) writes a text unchanged. TypeScript's library of ES2024 lacks it. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** 2^64 - 1, which Go and C read as an unlimited rlimit. */
const RLIM_INFINITY = rawJSON('18446744073709551615');
const profiles = new WeakMap<SeccompProfile, string>();

/** Serialises config.json. A seccomp profile, which is most of the text, is serialised once and its text is reused. */
export function stringifySpec(spec: RuntimeSpec): string {
  const { seccomp, ...linux } = spec.linux;
  const text = JSON.stringify({ ...spec, process: writable(spec.process), linux: undefined });
  const rest = JSON.stringify(linux);
  const filter = seccomp === undefined ? '' : `,"seccomp":${profileText(seccomp)}`;
  return `${text.slice(0, -1)},"linux":${rest.slice(0, -1)}${filter}}}`;
}

/** Serialises the file that `exec --process` reads. */
export function stringifyProcess(process: RuntimeProcess): string {
  return JSON.stringify(writable(process));
}

/** Replaces Infinity in an rlimit by the number that the runtimes expect. */
function writable(process: RuntimeProcess): object {
  const { rlimits } = process;
  if (rlimits?.some(({ hard, soft }) => hard === Infinity || soft === Infinity) !== true) return process;
  const number = (value: number): number | object => (value === Infinity ? RLIM_INFINITY : value);
  return {
    ...process,
    rlimits: rlimits.map(({ type, hard, soft }) => ({ type, hard: number(hard), soft: number(soft) })),
  };
}

function profileText(profile: SeccompProfile): string {
  let text = profiles.get(profile);
  if (text === undefined) {
    text = JSON.stringify(profile);
    profiles.set(profile, text);
  }
  return text;
}
