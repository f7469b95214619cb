import { EngineError } from '../../../base/errors.ts';
import { linesOf, placeOf, type Warning } from '../../dockerfile/index.ts';
import { convertPlatform } from '../convert-platform.ts';
import type { FrontendBuild } from '../frontend-build.ts';
import type { Answer } from './answer.ts';
import { excerpt } from './excerpt.ts';
import { locationOf } from './locations.ts';

/** The rules' warnings, and the fault of the file if it has one. @throws what has no place in the file */
export async function lintAnswer(build: FrontendBuild, signal: AbortSignal): Promise<Answer> {
  const { options, source, bridge } = build;
  const { error, lint } = await convertPlatform(build, options.platforms[0] ?? bridge.platform, signal);
  const { warnings } = lint;
  const place = error instanceof EngineError ? placeOf(error) : undefined;
  if (error !== undefined && (place === undefined || !(error instanceof EngineError))) throw error;
  const buildError =
    error instanceof EngineError && place !== undefined
      ? { message: error.message, location: locationOf(place) }
      : undefined;
  const { filename, language } = source;
  const sources = [{ filename, data: Buffer.from(source.data).toString('base64'), language }];
  const json = {
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(warningJson) }),
    sources,
    ...(buildError === undefined ? {} : { buildError }),
  };
  const text = warnings.map((warning) => warningText(warning, build)).join('');
  const isBad = warnings.length > 0 || buildError !== undefined;
  return { json, text, ...(isBad ? { statusCode: 1 } : {}) };
}

function warningJson({ rule, description, url, detail, range }: Warning) {
  return { ruleName: rule, description, url, detail, location: locationOf(range) };
}

function warningText({ rule, url, detail, range }: Warning, { source }: FrontendBuild): string {
  const lines = linesOf(range);
  return `\nWARNING: ${rule} - ${url}\n${detail}\n${excerpt(source, lines)}`;
}
