import { resolve } from 'node:path';
import { EngineError, messageOf } from '../../base/errors.ts';
import { type Service, type ServicePort, type ServiceVolume, service } from '../model/service.ts';
import { readStruct } from '../model/struct.ts';
import type { Value } from '../model/value.ts';
import { parsePort } from './canonical/parse-port.ts';
import { parseVolume } from './canonical/parse-volume.ts';

/** Reads `8080:80/udp` and such, outside of a file. @throws EngineError invalid */
export function readShortPort(text: string): readonly ServicePort[] {
  return read('ports', text, () => parsePort(text, [])).ports ?? [];
}

/** Reads `./data:/data:ro` and such, outside of a file. Relative paths begin at `folder`. @throws EngineError invalid */
export function readShortVolume(text: string, folder: string): ServiceVolume {
  const [volume = {}] = read('volumes', text, () => [parseVolume(text, [])]).volumes ?? [];
  const { type, source = '' } = volume;
  return type === 'bind' && !source.startsWith('~') ? { ...volume, source: resolve(folder, source) } : volume;
}

function read(key: string, text: string, parse: () => readonly Value[]): Service {
  try {
    return readStruct(service, new Map([[key, parse()]]), { path: [], warn: () => {} });
  } catch (error) {
    throw new EngineError('invalid', `${text}: ${messageOf(error)}`, { cause: error });
  }
}
