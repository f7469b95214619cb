import type { Loading } from '../world.ts';
import { type ParsedFile, parseYaml } from './parse-yaml.ts';

/** Parses a file unless this run has done so, and keeps its places for errors. @throws SourceError */
export function parseOnce({ parsed, sources }: Loading, file: string, text: string): ParsedFile {
  const key = `${file}\0${text.length}`;
  const before = parsed.get(key);
  if (before !== undefined && before.text === text) return before;
  const found = parseYaml(file, text);
  parsed.set(key, found);
  sources.push(found.source);
  return found;
}
