import { EngineError, invalid } from '../../../base/errors.ts';
import { csvFields } from '../values/csv-fields.ts';
import type { Mount, MountChange, MountType } from './mount.ts';
import { mountOption } from './mount-options.ts';

/** Expands the variables in an option's value. */
export type ExpandWord = (word: string) => string;

const OWNED: ReadonlySet<MountType> = new Set(['secret', 'ssh', 'cache']);
const WRITABLE: ReadonlySet<MountType> = new Set(['cache', 'tmpfs']);

/**
 * Checks what can be checked of a mount before its variables are expanded.
 * @throws EngineError invalid
 */
export function checkMount(text: string): void {
  for (const field of mountFields(text)) {
    const [key, value] = splitField(field);
    if (key === 'from' && value !== undefined && /\$./.test(value)) {
      throw invalid(`'${key}' doesn't support variable expansion, define alias stage instead`);
    }
  }
}

/** Reads a mount. @throws EngineError invalid, in BuildKit's words */
export function parseMount(text: string, expandWord: ExpandWord): Mount {
  let mount: MountChange & Pick<Mount, 'type'> = { type: 'bind' };
  for (const field of mountFields(text)) {
    const [key, value] = splitField(field);
    const change = mountOption({
      key,
      field,
      type: mount.type,
      value: value === undefined ? value : expandWord(value),
    });
    mount = { ...mount, ...change };
  }
  checkRules(mount);
  return { ...mount, isReadOnly: mount.isReadOnly ?? !WRITABLE.has(mount.type) };
}

function mountFields(text: string): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw error instanceof EngineError ? invalid(`failed to parse csv mounts: ${error.message}`) : error;
  }
}

function splitField(field: string): [key: string, value: string | undefined] {
  const at = field.indexOf('=');
  return at < 0 ? [field.toLowerCase(), undefined] : [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
}

function checkRules(mount: MountChange & Pick<Mount, 'type'>): void {
  const { type, from = '', source = '', target = '', id = '', sharing } = mount;
  for (const key of ['mode', 'uid', 'gid'] as const) {
    if (mount[key] !== undefined && !OWNED.has(type)) throw invalid(`${key} not allowed for "${type}" type mounts`);
  }
  if (type === 'secret') {
    if (from !== '') throw invalid('secret mount should not have a from');
    if (sharing !== undefined) throw invalid('secret mount should not define sharing');
    if (source === '' && target === '' && id === '') {
      throw invalid('invalid secret mount. one of source, target required');
    }
    if (source !== '' && id !== '') throw invalid("both source and id can't be set");
  }
  if (sharing !== undefined && type !== 'cache') throw invalid(`invalid cache sharing set for ${type} mount`);
}
