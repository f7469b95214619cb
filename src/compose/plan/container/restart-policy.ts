import type { RestartPolicy } from '../../../spec/index.ts';
import type { Service } from '../../model/index.ts';

/** `restart` of a service. `deploy.restart_policy` takes its place where it is given. */
export function restartPolicy({ restart, deploy }: Service): RestartPolicy | undefined {
  const policy = deploy?.restart_policy;
  if (policy !== undefined) {
    // As Compose, not as its specification: without a condition the engine's default counts.
    return policyOf(policy.condition ?? '', policy.max_attempts ?? 0);
  }
  if (restart === undefined || restart === '') return undefined;
  const [name = '', count] = restart.split(':');
  return policyOf(name, Number(count ?? 0));
}

function policyOf(condition: string, count: number): RestartPolicy {
  const name = POLICIES[condition] ?? (condition as NonNullable<RestartPolicy['Name']>);
  return { ...(name === '' ? {} : { Name: name }), MaximumRetryCount: count };
}

const POLICIES: Readonly<Record<string, RestartPolicy['Name']>> = {
  none: 'no',
  any: 'always',
  'on-failure': 'on-failure',
};
