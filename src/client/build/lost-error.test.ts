import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { code, createGrpcServer, GrpcError, serve } from '../../grpc/index.ts';
import { control } from '../../grpc/messages/control.ts';
import type { Engine } from '../engine-client.ts';
import { lostError } from './lost-error.ts';

const never = new AbortController().signal;
const lost = new GrpcError(code.unavailable, 'connection is closed');

/** An engine whose builder has ended one build. */
function engineWith(id: string, message: string): Pick<Engine, 'hijack'> {
  const served = serve(control, {
    async *ListenBuildHistory({ Ref }) {
      if (Ref === id) yield { type: 1, record: { Ref, error: { code: code.unknown, message, details: [] } } };
    },
  });
  const hijack = async () => {
    const [ours, theirs] = duplexPair();
    void createGrpcServer(served).serve(theirs, never);
    return { socket: ours };
  };
  return { hijack } as unknown as Pick<Engine, 'hijack'>;
}

test('the error of a build whose connection was lost is that of the history', async () => {
  const engine = engineWith('known', 'step failed');
  const found = (await lostError(engine, { ref: 'known', error: lost }, never)) as GrpcError;
  assert.deepEqual([found.code, found.message], [code.unknown, 'step failed']);
  assert.equal(await lostError(engine, { ref: 'unknown', error: lost }, never), lost);
  const told = new GrpcError(code.unknown, 'told');
  assert.equal(await lostError(engine, { ref: 'known', error: told }, never), told);
});

test('where no engine answers, the given error stays', async () => {
  const hijack = () => Promise.reject(new Error('connection refused'));
  assert.equal(await lostError({ hijack } as never, { ref: 'known', error: lost }, never), lost);
});
