/** moby.exporter.v1: exporters that a client chooses after the solve. Numbers and names are those of BuildKit 0.32. */
import { bytes, type Message, map, message, optional, repeated, string } from '../protobuf/descriptor.ts';
import { service, unary } from '../service.ts';

export const findExportersRequest = message('moby.exporter.v1.FindExportersRequest', {
  metadata: map(bytes(1)),
  refs: repeated(string(2)),
});
export type FindExportersRequest = Message<typeof findExportersRequest>;

export const findExportersResponse = message('moby.exporter.v1.FindExportersResponse', {
  exporters: repeated(optional(1, () => exporterRequest)),
});
export type FindExportersResponse = Message<typeof findExportersResponse>;

export const exporterRequest = message('moby.exporter.v1.ExporterRequest', {
  Type: string(1),
  Attrs: map(string(2)),
});
export type ExporterRequest = Message<typeof exporterRequest>;

export const finalizeExportRequest = message('moby.exporter.v1.FinalizeExportRequest', {
  exporter_response: map(string(1)),
});
export type FinalizeExportRequest = Message<typeof finalizeExportRequest>;

export const finalizeExportResponse = message('moby.exporter.v1.FinalizeExportResponse', {});
export type FinalizeExportResponse = Message<typeof finalizeExportResponse>;

export const exporter = service('moby.exporter.v1.Exporter', {
  FindExporters: unary(findExportersRequest, findExportersResponse),
  FinalizeExport: unary(finalizeExportRequest, finalizeExportResponse),
});
