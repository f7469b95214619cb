import { ModelError } from '../../model/kind.ts';
import type { Mapping, Value } from '../../model/value.ts';

const PROPAGATIONS = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** The long form of `source:target:options`, `source:target` or `target`. @throws ModelError */
export function parseVolume(spec: string, path: readonly string[]): Mapping {
  if (spec === '') throw new ModelError(path, 'invalid empty volume spec');
  if (Buffer.byteLength(spec) < 3)
    return new Map([
      ['type', 'volume'],
      ['target', spec],
    ]);
  const [first = '', second, options, more] = partsOf(spec);
  if (first === '' || second === '' || options === '')
    throw new ModelError(path, `invalid spec: ${spec}: empty section between colons`);
  if (more !== undefined) throw new ModelError(path, `invalid spec: ${spec}: too many colons`);
  const source = second === undefined ? '' : first;
  return mount({ source, target: second ?? first }, (options ?? '').split(','));
}

/** Splits at colons, but not those of a Windows drive or within `${…}`. */
function partsOf(spec: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (let at = 0; at < spec.length; at++) {
    const char = spec[at] ?? '';
    if (char === '$' && spec[at + 1] === '{') depth++;
    else if (char === '}' && depth > 0) depth--;
    const isDrive = /^\p{L}$/u.test(part);
    if (char === ':' && depth === 0 && !isDrive) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  return [...parts, part];
}

function mount(ends: { source: string; target: string }, options: readonly string[]): Mapping {
  const isBind = isPath(ends.source);
  const bind = new Map<string, Value>();
  const volume = new Map<string, Value>();
  let isReadOnly = false;
  for (const option of options) {
    if (option === 'ro' || option === 'rw') isReadOnly = option === 'ro';
    else if (option === 'nocopy') volume.set('nocopy', true);
    else if (option === 'z' || option === 'Z') bind.set('selinux', option);
    else if (PROPAGATIONS.has(option)) bind.set('propagation', option);
  }
  // The short form makes a missing folder on the host.
  if (isBind) bind.set('create_host_path', true);
  return new Map<string, Value>([
    ['type', isBind ? 'bind' : 'volume'],
    ...(ends.source === '' ? [] : [['source', ends.source] as const]),
    ['target', ends.target],
    ...(isReadOnly ? [['read_only', true] as const] : []),
    ...(bind.size > 0 ? [['bind', bind] as const] : []),
    ...(!isBind || volume.size > 0 ? [['volume', volume] as const] : []),
  ]);
}

/** Whether the source of a mount is a path on the host, and not the name of a volume. */
function isPath(source: string): boolean {
  return /^[./~]|^\\\\|^\p{L}:/u.test(source);
}
