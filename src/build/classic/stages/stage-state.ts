import type { ContainerConfig } from '../../../spec/index.ts';
import type { StoredImage } from '../../../store/index.ts';

/** A stage between two steps. Immutable: a step returns the next state. */
export interface StageState {
  /** The image that the stage stands on. Undefined for `scratch`. */
  readonly base: StoredImage | undefined;
  /** The image of the last step. Undefined on `scratch`, before the first step. */
  readonly image: StoredImage | undefined;
  /** What the image of the next step is configured to, apart from what that step changes. */
  readonly config: ContainerConfig;
  /** Of MAINTAINER. */
  readonly author: string;
  /** Whether CMD was in this stage. ENTRYPOINT keeps it then. */
  readonly hasCommand: boolean;
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** The state of a stage on its base, with the triggers that run now. `image` is undefined for `scratch`. */
export function firstState(image: StoredImage | undefined): {
  readonly state: StageState;
  readonly triggers: readonly string[];
} {
  const config = image?.config.config ?? {};
  const env = config.Env ?? [];
  const hasPath = env.some((variable) => /^PATH(?:=|$)/.test(variable));
  return {
    state: {
      ...{ base: image, image },
      config: {
        ...config,
        ...{ Image: image?.id ?? '', Env: hasPath ? env : [...env, DEFAULT_PATH] },
        ...{ OnBuild: null, OpenStdin: false, StdinOnce: false },
      },
      author: '',
      hasCommand: false,
    },
    triggers: config.OnBuild ?? [],
  };
}

/** The state after a step that made an image. */
export function onImage(state: StageState, image: StoredImage): StageState {
  return { ...state, image, config: { ...state.config, Image: image.id } };
}

export function shellOf({ Shell }: ContainerConfig): readonly string[] {
  return Shell == null || Shell.length === 0 ? DEFAULT_SHELL : Shell;
}

/** Variables of a configuration by name. Of several with a name the last one counts. */
export function environmentOf({ Env }: ContainerConfig): ReadonlyMap<string, string> {
  return new Map(
    (Env ?? []).map((variable) => {
      const at = variable.indexOf('=');
      return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
    }),
  );
}
