export type {
  ExportContext,
  ExportedPlatform,
  ExportedResult,
  Exporter,
  ExportRequest,
} from './exporter.ts';
export { type ExportersDeps, type OpenExporter, openExporters } from './open-exporters.ts';
