import type { HostConfig } from '../../../spec/index.ts';
import type { Service } from '../../model/index.ts';
import type { NewContainer } from './new-container.ts';

const PROFILE = /^seccomp[=:](.*)$/s;

/** The file of a seccomp profile that a service names. Undefined for none, and for the engine's own. */
export function profileFile({ security_opt }: Service): string | undefined {
  return security_opt?.map(profileOf).find((file) => file !== undefined);
}

/** The engine gets the profile itself. `systempaths=unconfined` is no option of the engine's: it stands for two others. */
export function securityOf({
  service,
  profile,
}: Pick<NewContainer, 'service' | 'profile'>): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const { security_opt: options } = service;
  if (options === undefined) return {};
  const own = options.filter((option) => option !== UNCONFINED_PATHS);
  return {
    SecurityOpt: own.map((option) => (profileOf(option) === undefined ? option : `seccomp=${profile ?? ''}`)),
    ...(own.length < options.length ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

const UNCONFINED_PATHS = 'systempaths=unconfined';

function profileOf(option: string): string | undefined {
  const [, file] = PROFILE.exec(option) ?? [];
  return file === 'unconfined' || file === 'builtin' ? undefined : file;
}
