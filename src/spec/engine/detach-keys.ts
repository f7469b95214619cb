import { invalid } from '../../base/errors.ts';

/** ctrl-p ctrl-q */
export const DEFAULT_DETACH_KEYS = Uint8Array.of(16, 17);
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/**
 * The bytes that a sequence of keys sends (`ctrl-p,ctrl-q`, `a,ctrl-[`). '' is the default.
 * @throws EngineError invalid, which names the malformed key
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return DEFAULT_DETACH_KEYS;
  return Uint8Array.from(text.split(','), (key) => {
    if (Buffer.byteLength(key) === 1) return key.charCodeAt(0);
    const control = /^ctrl-.$/.test(key) ? CONTROL.indexOf(key.charAt(5)) : -1;
    if (control < 0) throw invalid(`Unknown character: '${key}'`);
    return control;
  });
}
