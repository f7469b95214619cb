import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers, WaitCondition, WaitResult } from '../../../containers/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { waitsForEnd } from '../../versions/older-requests.ts';

const CONDITIONS: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed'];

/**
 * POST /containers/{id}/wait: the head is sent when the wait is registered, so that the client can start the container
 * then.
 */
export const waitContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/wait',
  query: z.object({ condition: queryString }),
  querySince: { condition: '1.30' },
  async handle({ params, query, version, signal }, containers: Pick<Containers, 'wait'>) {
    const condition = CONDITIONS.find((name) => name === (query.condition === '' ? 'not-running' : query.condition));
    if (condition === undefined) throw invalid(`invalid condition: ${JSON.stringify(query.condition)}`);
    const waiting = await containers.wait(params['id'] ?? '', condition, signal);
    if (waitsForEnd(version)) return { status: 200, body: answer(await waiting.result) };
    return { status: 200, later: waiting.result.then(answer) };
  },
});

function answer(result: WaitResult): object {
  if (result.error === undefined) return { StatusCode: result.exitCode };
  return { StatusCode: result.exitCode, Error: { Message: result.error } };
}
