import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { writeFileAtomic } from '../../io/index.ts';
import { CliError } from '../errors.ts';

export type ConfigJson = Record<string, unknown>;

/**
 * Changes docker's `config.json` and keeps everything in it that is not ours. The file is 0600: it may hold passwords.
 * @throws CliError when it cannot be read or written
 */
export function changeConfigFile(dir: string, change: (json: ConfigJson) => void): void {
  const path = realPath(`${dir}/config.json`);
  try {
    const json = readJson(path);
    change(json);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileAtomic(path, `${JSON.stringify(json, undefined, '\t')}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CliError(1, `can't change ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function readJson(path: string): ConfigJson {
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ConfigJson;
    throw new Error('it is not a JSON object');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
}

/** People keep the file elsewhere and link to it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The object under a key, made when it is not there. */
export function section(json: ConfigJson, key: string): ConfigJson {
  const found = json[key];
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as ConfigJson;
  const fresh: ConfigJson = {};
  json[key] = fresh;
  return fresh;
}
