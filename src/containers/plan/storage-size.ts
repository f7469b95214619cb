import { invalid } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import type { HostConfig } from '../../spec/index.ts';

/** The limit of a container's writable layer. Undefined without one. @throws EngineError invalid in dockerd's words */
export function storageSize({ StorageOpt: options }: Pick<HostConfig, 'StorageOpt'>): number | undefined {
  let sizeBytes: number | undefined;
  for (const [key, text] of Object.entries(options ?? {})) {
    if (key.toLowerCase() !== 'size') throw invalid(`Unknown option ${key.slice(0, 300)}`);
    sizeBytes = parseBytes(text);
    if (sizeBytes === undefined) throw invalid(`invalid size: '${text.slice(0, 300)}'`);
  }
  return sizeBytes === 0 ? undefined : sizeBytes;
}
