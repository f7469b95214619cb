import { EngineError } from '../../base/errors.ts';
import { type ExecOp, netMode, securityMode } from '../../grpc/messages/pb.ts';

/** @throws EngineError forbidden for an op that needs what its build was not allowed */
export function checkEntitlements(exec: Pick<ExecOp, 'network' | 'security'>, allowed: ReadonlySet<string>): void {
  const needed: string[] = [];
  if (exec.network === netMode.HOST) needed.push('network.host');
  if (exec.security === securityMode.INSECURE) needed.push('security.insecure');
  for (const name of needed) {
    if (!allowed.has(name)) throw new EngineError('forbidden', `failed to load LLB: ${name} is not allowed`);
  }
}
