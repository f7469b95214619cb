import type { RestartPolicy } from '../../../spec/index.ts';
import type { Service } from '../../model/index.ts';

/** `restart` of a service. `deploy.restart_policy` takes its place where it is given. */
export function restartPolicy({ restart, deploy }: Service): RestartPolicy | undefined {
  const policy = deploy?.restart_policy;
  if (policy !== undefined) {
    const name = POLICIES[policy.condition ?? 'any'] ?? (policy.condition as RestartPolicy['Name']);
    return { ...(name === undefined ? {} : { Name: name }), MaximumRetryCount: policy.max_attempts ?? 0 };
  }
  if (restart === undefined || restart === '') return undefined;
  const [name = '', count] = restart.split(':');
  return { Name: name as NonNullable<RestartPolicy['Name']>, MaximumRetryCount: Number(count ?? 0) };
}

const POLICIES: Readonly<Record<string, RestartPolicy['Name']>> = {
  none: 'no',
  any: 'always',
  'on-failure': 'on-failure',
};
