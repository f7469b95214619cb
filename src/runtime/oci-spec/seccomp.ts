import { invalid, messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { SeccompProfile } from '../../spec/index.ts';
import type { HostFacts } from './host-facts.ts';
import type { ProfileRule, RuleArgument, RuleFilter } from './profile-rule.ts';
import { ARCHITECTURES, DEFAULT_ACTION, DEFAULT_ERRNO, DEFAULT_RULES } from './seccomp-default.ts';

/** The facts about a container on which the rules of a profile depend. */
export interface SeccompSubject {
  readonly capabilities: readonly string[];
  /** Docker's name, such as `amd64`. */
  readonly architecture: string;
  readonly kernel: HostFacts['kernel'];
}

type OciRule = NonNullable<SeccompProfile['syscalls']>[number];

/** Capabilities that a rule of the default profile tests. The others do not change the filter. */
const DECIDING: ReadonlySet<string> = new Set(
  DEFAULT_RULES.flatMap((rule) => [...(rule.includes?.caps ?? []), ...(rule.excludes?.caps ?? [])]),
);
const CACHE_LIMIT = 16;
const cache = new Map<string, SeccompProfile>();

/**
 * Builds Docker's default filter for a container. Equal decisions return the same object, so that its serialised form
 * can be kept (`stringify.ts`). A few are cached; the oldest is dropped.
 */
export function defaultSeccomp(subject: SeccompSubject): SeccompProfile {
  const { kernel } = subject;
  const caps = subject.capabilities.filter((name) => DECIDING.has(name)).sort();
  const key = [subject.architecture, kernel.major, kernel.minor, ...caps].join(' ');
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const profile: SeccompProfile = {
    defaultAction: DEFAULT_ACTION,
    defaultErrnoRet: DEFAULT_ERRNO,
    architectures: [...(ARCHITECTURES[subject.architecture] ?? [])],
    syscalls: applicable(DEFAULT_RULES, subject),
  };
  const oldest = cache.size >= CACHE_LIMIT ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(key, profile);
  return profile;
}

/**
 * Evaluates a profile of `--security-opt seccomp=`, in Docker's notation or plain OCI. Returns undefined for an empty
 * profile.
 * @throws EngineError invalid
 */
export function customSeccomp(json: string, subject: SeccompSubject): SeccompProfile | undefined {
  const profile = decode(json);
  if (profile.defaultAction === undefined && profile.syscalls.length === 0) return undefined;
  if (profile.architectures.length > 0 && profile.archMap.length > 0) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const native = ARCHITECTURES[subject.architecture]?.[0];
  const mapped = profile.archMap.find((entry) => entry.architecture === native);
  const architectures =
    mapped === undefined ? profile.architectures : [mapped.architecture, ...mapped.subArchitectures];
  return {
    defaultAction: profile.defaultAction ?? '',
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length === 0 ? {} : { architectures }),
    ...(profile.flags.length === 0 ? {} : { flags: profile.flags }),
    syscalls: applicable(profile.syscalls, subject),
  };
}

function applicable(rules: readonly ProfileRule[], subject: SeccompSubject): readonly OciRule[] {
  const result: OciRule[] = [];
  for (const rule of rules) {
    if (!applies(rule, subject)) continue;
    const { includes: _includes, excludes: _excludes, ...plain } = rule;
    result.push(plain);
  }
  return result;
}

function applies({ includes, excludes }: ProfileRule, subject: SeccompSubject): boolean {
  const has = (name: string): boolean => subject.capabilities.includes(name);
  if (excludes !== undefined) {
    if (excludes.arches?.includes(subject.architecture) === true) return false;
    if (excludes.caps?.some(has) === true) return false;
    if (excludes.minKernel !== undefined && kernelIsAtLeast(excludes.minKernel, subject)) return false;
  }
  if (includes !== undefined) {
    if (isGiven(includes.arches) && !includes.arches.includes(subject.architecture)) return false;
    if (includes.caps?.every(has) === false) return false;
    if (includes.minKernel !== undefined && !kernelIsAtLeast(includes.minKernel, subject)) return false;
  }
  return true;
}

function isGiven(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && list.length > 0;
}

function kernelIsAtLeast(minimum: string, { kernel }: SeccompSubject): boolean {
  const [major = 0, minor = 0] = minimum.split('.').map(Number);
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

interface DecodedProfile {
  readonly defaultAction: string | undefined;
  readonly defaultErrnoRet: number | undefined;
  readonly architectures: readonly string[];
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly flags: readonly string[];
  readonly syscalls: readonly ProfileRule[];
}

/** Decodes a user's JSON, and refuses values of unexpected types. */
function decode(json: string): DecodedProfile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw invalid(`Decoding seccomp profile failed: ${messageOf(error)}`, error);
  }
  const profile = objectOf(parsed, 'the profile');
  return {
    defaultAction: optional(profile['defaultAction'], (value) => stringOf(value, 'defaultAction')),
    defaultErrnoRet: optional(profile['defaultErrnoRet'], (value) => numberOf(value, 'defaultErrnoRet')),
    architectures: stringsOf(profile['architectures'], 'architectures'),
    archMap: listOf(profile['archMap'], 'archMap').map((entry) => {
      const map = objectOf(entry, 'archMap');
      return {
        architecture: stringOf(map['architecture'], 'architecture'),
        subArchitectures: stringsOf(map['subArchitectures'], 'subArchitectures'),
      };
    }),
    flags: stringsOf(profile['flags'], 'flags'),
    syscalls: listOf(profile['syscalls'], 'syscalls').map((entry) => decodeRule(objectOf(entry, 'syscalls'))),
  };
}

function decodeRule(rule: Readonly<Record<string, unknown>>): ProfileRule {
  const name = optional(rule['name'], (value) => stringOf(value, 'name')) ?? '';
  const names = stringsOf(rule['names'], 'names');
  if (name !== '' && names.length > 0) {
    throw invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
  }
  const errnoRet = optional(rule['errnoRet'], (value) => numberOf(value, 'errnoRet'));
  const args = listOf(rule['args'], 'args').map((entry) => decodeArgument(objectOf(entry, 'args')));
  const includes = optional(rule['includes'], (value) => decodeFilter(objectOf(value, 'includes')));
  const excludes = optional(rule['excludes'], (value) => decodeFilter(objectOf(value, 'excludes')));
  return {
    names: name === '' ? names : [name],
    action: optional(rule['action'], (value) => stringOf(value, 'action')) ?? '',
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args.length === 0 ? {} : { args }),
    ...(includes === undefined ? {} : { includes }),
    ...(excludes === undefined ? {} : { excludes }),
  };
}

function decodeArgument(argument: Readonly<Record<string, unknown>>): RuleArgument {
  const valueTwo = optional(argument['valueTwo'], (value) => numberOf(value, 'valueTwo'));
  return {
    index: numberOf(argument['index'], 'index'),
    value: optional(argument['value'], (value) => numberOf(value, 'value')) ?? 0,
    ...(valueTwo === undefined ? {} : { valueTwo }),
    op: stringOf(argument['op'], 'op'),
  };
}

function decodeFilter(filter: Readonly<Record<string, unknown>>): RuleFilter {
  const minKernel = optional(filter['minKernel'], (value) => stringOf(value, 'minKernel'));
  if (minKernel !== undefined && !/^\d+\.\d+$/.test(minKernel)) {
    throw invalid(`Decoding seccomp profile failed: invalid kernel version: ${minKernel}`);
  }
  return {
    caps: stringsOf(filter['caps'], 'caps'),
    arches: stringsOf(filter['arches'], 'arches'),
    ...(minKernel === undefined ? {} : { minKernel }),
  };
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function mistyped(field: string, wanted: string): Error {
  return invalid(`Decoding seccomp profile failed: ${field} must be ${wanted}`);
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw mistyped(field, 'an object');
  return value;
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw mistyped(field, 'an array');
  return value;
}

function stringsOf(value: unknown, field: string): readonly string[] {
  return listOf(value, field).map((entry) => stringOf(entry, field));
}

function stringOf(value: unknown, field: string): string {
  if (typeof value !== 'string') throw mistyped(field, 'a string');
  return value;
}

function numberOf(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw mistyped(field, 'an unsigned number');
  return value;
}
