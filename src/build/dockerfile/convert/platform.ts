import type { Platform } from '../../../spec/index.ts';
import type { PlatformInit } from '../../llb/index.ts';

/** A platform as ops have it. */
export function opPlatform(platform: Platform): NonNullable<PlatformInit> {
  return {
    Architecture: platform.architecture,
    OS: platform.os,
    Variant: platform.variant,
    OSVersion: platform['os.version'],
    OSFeatures: platform['os.features'],
  };
}
