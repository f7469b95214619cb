import { EngineError } from '../../base/errors.ts';
import { archiveExporter } from './archive/archive-exporter.ts';
import type { Exporter, ExportRequest } from './exporter.ts';
import { localExporter } from './files/local-exporter.ts';
import { tarExporter } from './files/tar-exporter.ts';
import { type ImageExporterDeps, imageExporter } from './image/image-exporter.ts';

/** Finds the exporter of a request. @throws EngineError failed for an unknown type; invalid for its options */
export type OpenExporter = (request: ExportRequest) => Exporter;

export type ExportersDeps = ImageExporterDeps;

export function openExporters(deps: ExportersDeps): OpenExporter {
  const kinds = new Map<string, (request: ExportRequest) => Exporter>([
    ['moby', (request) => imageExporter(deps, request)],
    ['image', (request) => imageExporter(deps, request)],
    ['oci', (request) => archiveExporter(deps, request, 'oci')],
    ['docker', (request) => archiveExporter(deps, request, 'docker')],
    ['local', (request) => localExporter(deps, request)],
    ['tar', (request) => tarExporter(deps, request)],
  ]);
  return (request) => {
    const open = kinds.get(request.type);
    if (open === undefined)
      throw new EngineError('failed', `exporter ${JSON.stringify(request.type)} could not be found`);
    return open(request);
  };
}
