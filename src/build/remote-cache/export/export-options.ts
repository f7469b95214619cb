import { EngineError, invalid } from '../../../base/errors.ts';
import type { LayerCompression } from '../../../io/index.ts';
import { compressionOf, flag } from '../../exporters/index.ts';

/** The attributes of one `--cache-to`. */
export interface CacheExportOptions {
  readonly mode: 'min' | 'max';
  /** Whether the cache is a manifest as that of an image, and not an index. */
  readonly isManifest: boolean;
  readonly isOci: boolean;
  readonly compression: LayerCompression;
  readonly forceCompression: boolean;
  /** Whether the folders of the build's cache mounts go with it. */
  readonly withMounts: boolean;
  /** Whether the build succeeds when the export fails. */
  readonly ignoresErrors: boolean;
}

/** @throws EngineError invalid, notImplemented */
export function exportOptions(attrs: ReadonlyMap<string, string>): CacheExportOptions {
  const isOci = flag(attrs, 'oci-mediatypes') ?? true;
  const isManifest = flag(attrs, 'image-manifest') ?? isOci;
  if (isManifest && !isOci) {
    throw invalid(
      'invalid configuration for remote cache, OCI mediatypes are required for image-manifest cache format',
    );
  }
  return {
    mode: modeOf(attrs.get('mode')),
    isManifest,
    isOci,
    compression: compressionOf(attrs, true),
    forceCompression: flag(attrs, 'force-compression') ?? false,
    withMounts: flag(attrs, 'mounts') ?? false,
    ignoresErrors: flag(attrs, 'ignore-error') ?? false,
  };
}

/** As with BuildKit, other words mean `min`. */
function modeOf(text: string | undefined): 'min' | 'max' {
  return text === 'max' ? 'max' : 'min';
}

/** @throws EngineError invalid */
export function required(attrs: ReadonlyMap<string, string>, name: string, type: string): string {
  const value = attrs.get(name) ?? '';
  if (value === '') throw new EngineError('invalid', `${type} cache exporter requires ${name}`);
  return value;
}
