import { EngineError } from '../../base/errors.ts';
import { jsonLines, pathSegment } from '../../client/index.ts';
import type { Cli } from '../cli.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

interface WaitResult {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

/**
 * Asks to be told when the container ends. Resolves once the engine has taken the request, so that an end right after
 * can't be missed; the inner promise resolves with the exit code.
 */
export async function waitForExit(
  cli: Cli,
  id: string,
  condition: WaitCondition,
): Promise<{ exitCode: Promise<number> }> {
  const response = await cli.client.request({
    method: 'POST',
    path: `/containers/${pathSegment(id)}/wait`,
    query: { condition },
  });
  const exitCode = readCode(response.body);
  // Whoever waits gets the failure; nobody may be waiting yet.
  exitCode.catch(() => {});
  return { exitCode };
}

async function readCode(body: AsyncIterable<Buffer>): Promise<number> {
  for await (const line of jsonLines(body)) {
    const result = line as WaitResult;
    const fault = result.Error?.Message ?? '';
    if (fault !== '') throw new EngineError('internal', `Error waiting for container: ${fault}`);
    return result.StatusCode;
  }
  throw new EngineError('unavailable', 'the engine went away while waiting for the container');
}
