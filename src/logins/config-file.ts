import { chownSync, mkdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EngineError, errnoOf, messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { writeFileAtomic } from '../io/index.ts';

export type ConfigJson = Record<string, unknown>;

/**
 * Changes docker's `config.json` atomically. Other settings, owner and mode stay; a new file is 0600, since it may hold
 * passwords. Nothing is written when nothing changes.
 * @throws EngineError when it cannot be read or written
 */
export function changeConfigFile(dir: string, change: (json: ConfigJson) => void): void {
  const path = realPath(`${dir}/config.json`);
  try {
    const json = readJson(path);
    const before = JSON.stringify(json);
    change(json);
    if (JSON.stringify(json) === before) return;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const old = statSync(path, { throwIfNoEntry: false });
    const mode = old === undefined ? 0o600 : old.mode & 0o777;
    writeFileAtomic(path, `${JSON.stringify(json, undefined, '\t')}\n`, { mode });
    // When root writes into a user's folder, the file stays the user's.
    if (old !== undefined && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.())) {
      chownSync(path, old.uid, old.gid);
    }
  } catch (error) {
    throw new EngineError('unavailable', `cannot change ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function readJson(path: string): ConfigJson {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
  if (text.trim() === '') return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message is not shown: it quotes the file, which may contain passwords.
    throw new Error('it is not JSON');
  }
  if (isObject(json)) return json as ConfigJson;
  throw new Error('it is not a JSON object');
}

/** Follows a link to a file elsewhere, even one that does not exist yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const target = linkTarget(path);
    return target === undefined ? path : resolve(dirname(path), target);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Returns the object under a key. Makes it when it is missing. */
export function section(json: ConfigJson, key: string): ConfigJson {
  const found = json[key];
  if (isObject(found)) return found as ConfigJson;
  const fresh: ConfigJson = {};
  json[key] = fresh;
  return fresh;
}
