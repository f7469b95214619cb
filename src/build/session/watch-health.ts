import { setTimeout as sleep } from 'node:timers/promises';
import { code, type GrpcClient, GrpcError } from '../../grpc/index.ts';
import { health } from '../../grpc/messages/health.ts';

const INTERVAL_MILLISECONDS = 5000;
const TIMEOUT_MILLISECONDS = 15_000;
/** A client that is stopped, or asleep, misses one. */
const FAILURES_MAX = 2;

/** Asks a client every few seconds whether it is there. Closes its connection when it does not answer. */
export function watchHealth(client: GrpcClient, ended: AbortSignal): void {
  void check(client, ended).catch(() => undefined);
}

async function check(client: GrpcClient, ended: AbortSignal): Promise<void> {
  let failures = 0;
  while (failures < FAILURES_MAX) {
    await sleep(INTERVAL_MILLISECONDS, undefined, { signal: ended, ref: false });
    const call = client.unary(health.Check, {}, { timeoutMs: TIMEOUT_MILLISECONDS }, ended);
    const answers = await call.then(() => true, isAnswer);
    failures = answers ? 0 : failures + 1;
  }
  client.close();
}

/** A client that does not know the call is there as well. */
function isAnswer(error: unknown): boolean {
  return error instanceof GrpcError && error.code === code.unimplemented;
}
