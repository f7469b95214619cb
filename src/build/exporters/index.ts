export type {
  ExportContext,
  Exported,
  ExportedAttestation,
  ExportedImage,
  ExportedPlatform,
  ExportedResult,
  Exporter,
  ExportRequest,
} from './exporter.ts';
export { compressionOf, flag } from './image/image-options.ts';
export {
  dropLostArchives,
  type KnownArchive,
  type StoreLayers,
  type StoreLayersDeps,
  storeLayers,
} from './image/store-layers.ts';
export { type ExportersDeps, type OpenExporter, openExporters } from './open-exporters.ts';
