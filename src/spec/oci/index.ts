export {
  type Descriptor,
  type HistoryEntry,
  type ImageConfig,
  type Index,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
} from './image.ts';
export { parseImageConfig, parseIndex, parseManifest } from './parse.ts';
export {
  formatPlatform,
  hostPlatform,
  normalisePlatform,
  parsePlatform,
  platformRank,
  runnablePlatforms,
} from './platform.ts';
export type {
  Hook,
  LinuxCapabilities,
  LinuxResources,
  RuntimeMount,
  RuntimeProcess,
  RuntimeSpec,
  SeccompProfile,
} from './runtime.ts';
