import { createExpander } from '../expand/expand.ts';
import { expandInstruction, HEREDOC_MODE } from '../instructions/expand-instruction.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { exposedPorts, parsePort } from '../instructions/port.ts';
import { readStages } from '../instructions/read-stages.ts';
import { parseDockerfile } from '../parse/parse-dockerfile.ts';
import { Scope } from '../scope/scope.ts';
import { atPlace } from '../source-error.ts';

/** The settings of an image, as far as a Dockerfile of one stage on an empty image and without RUN says them. */
export interface ImageSettings {
  env: string[];
  labels: Record<string, string>;
  ports: string[];
  volumes: string[];
  onBuild: string[];
  command?: readonly string[];
  entrypoint?: readonly string[];
  shell?: readonly string[];
  user?: string;
  author?: string;
  stopSignal?: string;
  healthCheck?: readonly (string | number)[];
}

/** Reads a Dockerfile and collects what it sets, to be compared with an image that BuildKit made. */
export function imageSettings(text: string): ImageSettings {
  const file = readStages(parseDockerfile(text));
  const collector = new Collector(createExpander(file.escapeChar));
  for (const instruction of file.stages[0]?.instructions ?? []) {
    atPlace(instruction.range, () => collector.add(instruction));
  }
  return collector.settings();
}

class Collector {
  readonly #expander: ReturnType<typeof createExpander>;
  readonly #scope = new Scope();
  readonly #env = new Map<string, string>();
  readonly #settings: ImageSettings = { env: [], labels: {}, ports: [], volumes: [], onBuild: [] };

  constructor(expander: ReturnType<typeof createExpander>) {
    this.#expander = expander;
    this.#env.set('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
    for (const [name, value] of this.#env) this.#scope.set(name, value);
  }

  settings(): ImageSettings {
    const env = [...this.#env].map(([name, value]) => `${name}=${value}`);
    return { ...this.#settings, env, ports: this.#settings.ports.sort(), volumes: this.#settings.volumes.sort() };
  }

  add(given: Instruction): void {
    const settings = this.#settings;
    const word = (text: string): string => this.#expander.expand(text, this.#scope).text;
    const content = (text: string): string => this.#expander.expand(text, this.#scope, HEREDOC_MODE).text;
    const instruction = expandInstruction(given, { word, content });
    if (instruction.kind === 'env') for (const { key, value } of instruction.pairs) this.#setEnv(key, value);
    if (instruction.kind === 'label') for (const { key, value } of instruction.pairs) settings.labels[key] = value;
    if (instruction.kind === 'arg') {
      for (const { key, value } of instruction.args) if (value !== undefined) this.#scope.set(key, word(value));
    }
    if (instruction.kind === 'cmd') settings.command = this.#line(instruction.command);
    if (instruction.kind === 'entrypoint') settings.entrypoint = this.#line(instruction.command);
    if (instruction.kind === 'shell') settings.shell = instruction.shell;
    if (instruction.kind === 'user') settings.user = instruction.user;
    if (instruction.kind === 'maintainer') settings.author = instruction.maintainer;
    if (instruction.kind === 'stopsignal') settings.stopSignal = instruction.signal;
    if (instruction.kind === 'volume') settings.volumes.push(...instruction.volumes);
    if (instruction.kind === 'onbuild') settings.onBuild.push(instruction.trigger);
    if (instruction.kind === 'expose') for (const port of instruction.ports) this.#expose(port);
    if (instruction.kind === 'healthcheck') {
      const { test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries } = instruction;
      settings.healthCheck = [...test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries];
    }
  }

  #setEnv(name: string, value: string): void {
    this.#env.set(name, value);
    this.#scope.set(name, value);
  }

  #line({ words, usesShell }: { readonly words: readonly string[]; readonly usesShell: boolean }): readonly string[] {
    return usesShell ? [...(this.#settings.shell ?? ['/bin/sh', '-c']), words.join(' ')] : words;
  }

  #expose(text: string): void {
    for (const port of this.#expander.expand(text, this.#scope).words) {
      const { first, last, protocol } = exposedPorts(parsePort(port));
      for (let number = first; number <= last; number++) this.#settings.ports.push(`${number}/${protocol}`);
    }
  }
}
