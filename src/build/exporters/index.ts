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
export { dropLostArchives, type KnownArchive } from './image/store-layers.ts';
export { type ExportersDeps, type OpenExporter, openExporters } from './open-exporters.ts';
