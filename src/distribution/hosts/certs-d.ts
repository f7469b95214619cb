import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf } from '../../base/errors.ts';
import type { TlsOptions } from '../http/transport.ts';

/**
 * Reads certificates for a registry from Docker's layout: in `<dir>/<host[:port]>/`, `*.crt` are authorities,
 * `name.cert` and `name.key` a client's pair.
 * @throws EngineError invalid when a pair is incomplete
 */
export function readCertificates(dirs: readonly string[], host: string): TlsOptions {
  for (const dir of dirs) {
    const folder = join(dir, host);
    const names = list(folder);
    if (names === undefined) continue;
    const ca = names.filter((name) => name.endsWith('.crt')).map((name) => readFileSync(join(folder, name), 'utf8'));
    const pair = names.find((name) => name.endsWith('.cert'))?.slice(0, -'.cert'.length);
    const loneKey = names.find((name) => name.endsWith('.key') && !names.includes(`${name.slice(0, -4)}.cert`));
    if (loneKey !== undefined)
      throw new EngineError('invalid', `missing client certificate for key ${loneKey} of ${host}`);
    if (pair !== undefined && !names.includes(`${pair}.key`)) {
      throw new EngineError('invalid', `missing key ${pair}.key for client certificate ${pair}.cert of ${host}`);
    }
    return {
      ...(ca.length === 0 ? {} : { ca }),
      ...(pair === undefined
        ? {}
        : {
            cert: readFileSync(join(folder, `${pair}.cert`), 'utf8'),
            key: readFileSync(join(folder, `${pair}.key`), 'utf8'),
          }),
    };
  }
  return {};
}

function list(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
