import { type Config, EngineClient, loadConfig, resolveEndpoints, type TlsOptions } from '../client/index.ts';
import { isTerminal, Output } from '../terminal/index.ts';

export interface GlobalOptions {
  readonly hosts: readonly string[];
  readonly configDir?: string;
  readonly debug: boolean;
  readonly tls?: TlsOptions;
}

/**
 * The context of every command: the engine, the terminal, the user's configuration. Its parts are made at their first
 * use.
 */
export class Cli {
  /** The program's name in messages. */
  readonly name = 'gantry';
  readonly out = new Output(1);
  readonly err = new Output(2);
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: GlobalOptions;
  #config: Config | undefined;
  #client: EngineClient | undefined;

  constructor(options: GlobalOptions, env: Readonly<Record<string, string | undefined>>) {
    this.options = options;
    this.env = env;
  }

  get config(): Config {
    this.#config ??= loadConfig(this.options.configDir, this.env, (text) => this.warn(text));
    return this.#config;
  }

  get client(): EngineClient {
    this.#client ??= new EngineClient({
      endpoints: resolveEndpoints({ hosts: this.options.hosts, env: this.env, tls: this.options.tls }),
      apiVersion: this.env['DOCKER_API_VERSION'] || undefined,
      headers: this.config.headers,
    });
    return this.#client;
  }

  get stdinIsTerminal(): boolean {
    return isTerminal(0);
  }

  warn(text: string): void {
    this.err.line(text);
  }

  close(): void {
    this.#client?.close();
  }
}
