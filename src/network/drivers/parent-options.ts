import { failed } from '../../base/errors.ts';
import type { IpvlanFlag, IpvlanMode, MacvlanMode } from '../../linux/index.ts';
import type { NetworkRecord } from '../model/network-record.ts';

/** The options of macvlan and ipvlan networks, which `network inspect` shows. */
export const PARENT_OPTION = {
  parent: 'parent',
  macvlanMode: 'macvlan_mode',
  ipvlanMode: 'ipvlan_mode',
  ipvlanFlag: 'ipvlan_flag',
} as const;

type Options = Readonly<Record<string, string>>;

const MACVLAN_MODES: readonly MacvlanMode[] = ['bridge', 'private', 'passthru', 'vepa'];
const IPVLAN_MODES: readonly IpvlanMode[] = ['l2', 'l3', 'l3s'];
const IPVLAN_FLAGS: readonly IpvlanFlag[] = ['bridge', 'private', 'vepa'];

/** @throws EngineError failed, in Docker's words */
export function macvlanMode(options: Options): MacvlanMode {
  return choice(MACVLAN_MODES, options[PARENT_OPTION.macvlanMode], {
    unknown: (mode) => `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`,
  });
}

/** @throws EngineError failed, in Docker's words */
export function ipvlanMode(options: Options): IpvlanMode {
  return choice(IPVLAN_MODES, options[PARENT_OPTION.ipvlanMode], {
    unknown: (mode) => `requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`,
  });
}

/** @throws EngineError failed, in Docker's words */
export function ipvlanFlag(options: Options): IpvlanFlag {
  return choice(IPVLAN_FLAGS, options[PARENT_OPTION.ipvlanFlag], {
    unknown: (flag) => `requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`,
  });
}

/** The first choice is the default. */
function choice<T extends string>(
  choices: readonly T[],
  asked: string | undefined,
  { unknown }: { readonly unknown: (asked: string) => string },
): T {
  if (asked === undefined || asked === '') return choices[0] as T;
  const found = choices.find((each) => each === asked);
  if (found === undefined) throw failed(unknown(asked));
  return found;
}

/** The interface of the host below the network's links. Without the option a dummy link of the network's own. */
export function parentOf({ id, options }: Pick<NetworkRecord, 'id' | 'options'>): {
  readonly parent: string;
  readonly isDummy: boolean;
} {
  const given = options[PARENT_OPTION.parent] ?? '';
  return given === '' ? { parent: `dm-${id.slice(0, 12)}`, isDummy: true } : { parent: given, isDummy: false };
}
