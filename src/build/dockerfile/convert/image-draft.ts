import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { type HistoryEntry, type ImageConfig, type Platform, parseImageConfig } from '../../../spec/index.ts';
import { variableName, withVariable } from './env-list.ts';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const COMMENT = 'buildkit.dockerfile.v0';

type Settings = NonNullable<ImageConfig['config']>;

/** An image's configuration on its way through a stage. Stages on top of it take a copy. */
export class ImageDraft {
  readonly #base: Omit<ImageConfig, 'config' | 'history'>;
  readonly #history: HistoryEntry[];
  /** RFC 3339, with `SOURCE_DATE_EPOCH`. */
  readonly #created: string | undefined;
  settings: Settings;
  author: string | undefined;

  constructor(config: ImageConfig, created: string | undefined) {
    const { config: settings, history, ...base } = config;
    this.#base = base;
    this.#created = created;
    this.#history = [...(history ?? [])];
    this.settings = { ...settings };
    this.author = base.author;
    if (!this.env.some((entry) => variableName(entry) === 'PATH')) this.setVariable('PATH', DEFAULT_PATH);
  }

  /** The configuration of the image without files. */
  static empty(platform: Platform, created: string | undefined): ImageDraft {
    const config: ImageConfig = { ...platform, rootfs: { type: 'layers', diff_ids: [] }, config: { WorkingDir: '/' } };
    return new ImageDraft(config, created);
  }

  /** @throws EngineError invalid for a configuration that is none */
  static read(bytes: Uint8Array, created: string | undefined): ImageDraft {
    return new ImageDraft(parseImageConfig(parseBoundedJson(bytes)), created);
  }

  copy(): ImageDraft {
    const copy = new ImageDraft({ ...this.#base, config: this.settings, history: this.#history }, this.#created);
    copy.author = this.author;
    return copy;
  }

  get platform(): Platform {
    const { os, architecture, variant, 'os.version': version } = this.#base;
    return {
      os,
      architecture,
      ...(variant === undefined ? {} : { variant }),
      ...(version === undefined ? {} : { 'os.version': version }),
    };
  }

  get env(): readonly string[] {
    return this.settings.Env ?? [];
  }

  get shell(): readonly string[] {
    const { Shell: shell } = this.settings;
    return shell === undefined || shell === null || shell.length === 0 ? ['/bin/sh', '-c'] : shell;
  }

  set(change: Partial<Settings>): void {
    this.settings = { ...this.settings, ...change };
  }

  setVariable(name: string, value: string): void {
    this.set({ Env: withVariable(this.env, name, value) });
  }

  /** Notes what an instruction did. */
  addHistory(text: string, { hasLayer, isStep = false }: { hasLayer: boolean; isStep?: boolean }): void {
    this.#history.push({
      ...(this.#created === undefined ? {} : { created: this.#created }),
      created_by: isStep ? `${text} # buildkit` : text,
      comment: COMMENT,
      ...(hasLayer ? {} : { empty_layer: true }),
    });
  }

  /** The configuration as JSON, perhaps for another platform than the base's. An export adds the layers and the time. */
  encode(platform: Platform = this.platform): Buffer {
    const { rootfs } = this.#base;
    const ordered = {
      ...(this.author === undefined || this.author === '' ? {} : { author: this.author }),
      architecture: platform.architecture,
      os: platform.os,
      ...pick(platform, ['os.version', 'os.features', 'variant']),
      rootfs,
      history: this.#history,
      config: pick(this.settings, SETTINGS),
    };
    return Buffer.from(JSON.stringify(ordered));
  }
}

/** In the order of BuildKit's JSON. Others have no meaning in an image. */
const SETTINGS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
];

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const values = new Map(Object.entries(from));
  return Object.fromEntries(names.map((name) => [name, values.get(name)]).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
