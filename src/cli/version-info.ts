import { readFileSync } from 'node:fs';
import { isObject } from '../base/is-object.ts';

/** The program's version, from the package it belongs to, bundled or not. */
export function programVersion(): string {
  let folder = new URL('.', import.meta.url);
  for (;;) {
    try {
      const text = readFileSync(new URL('package.json', folder), 'utf8');
      const parsed: unknown = JSON.parse(text);
      if (isObject(parsed) && parsed['name'] === 'gantry' && 'version' in parsed) return String(parsed['version']);
    } catch {
      // It is not in this folder, but in one above.
    }
    const above = new URL('..', folder);
    if (above.href === folder.href) return 'unknown';
    folder = above;
  }
}

/** Go's names of this machine's architecture. */
export function goArchitecture(): string {
  return { x64: 'amd64', arm64: 'arm64', ia32: '386' }[process.arch as string] ?? process.arch;
}
