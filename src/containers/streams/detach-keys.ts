import { invalid } from '../../base/errors.ts';

const DEFAULT = Uint8Array.of(16, 17); // ctrl-p ctrl-q
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** Bytes of a sequence as `--detach-keys` spells it (`ctrl-p,ctrl-q`, `a,ctrl-[`); '' is the default. @throws EngineError invalid */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return DEFAULT;
  return Uint8Array.from(text.split(','), (key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = key.startsWith('ctrl-') && key.length === 6 ? CONTROL.indexOf(key.charAt(5)) : -1;
    if (control < 0) throw invalid(`Invalid escape keys (${text}) provided`);
    return control;
  });
}
