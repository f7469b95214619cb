import { messageOf } from '../../base/errors.ts';
import type { BuildFailure } from '../../client/index.ts';
import { CliError } from '../errors.ts';
import { sourceExcerpt } from './source-excerpt.ts';

/** The error of a build in docker's words, after the lines of the Dockerfile that caused it. */
export function buildError(
  failure: BuildFailure | undefined,
  {
    error,
    isCancelled,
    dockerfile,
  }: { readonly error: unknown; readonly isCancelled: boolean; readonly dockerfile: string },
): unknown {
  if (isCancelled) return new CliError(130, 'ERROR: failed to build: failed to solve: Canceled: context canceled');
  if (failure === undefined) return new CliError(1, `ERROR: failed to build: ${messageOf(error)}`, { cause: error });
  const { source, message, exitCode } = failure;
  const name = source?.filename === undefined || source.filename === '' ? dockerfile : source.filename;
  const excerpt = source === undefined ? '' : sourceExcerpt(name, source.text, source.ranges);
  return new CliError(exitCode, `${excerpt}ERROR: failed to build: failed to solve: ${message}`, { cause: error });
}
