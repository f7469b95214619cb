import { EngineError } from '../../../base/errors.ts';
import type { Platform } from '../../../spec/index.ts';
import type { StoredImage } from '../../../store/index.ts';
import type { BuildOutput } from '../build-output.ts';
import type { ClassicPorts } from '../ports.ts';
import type { ClassicRequest } from '../request.ts';

export interface StageImagesDeps {
  readonly ports: Pick<ClassicPorts, 'images'>;
  readonly request: Pick<ClassicRequest, 'pullsAlways' | 'credentials' | 'platform'>;
  readonly output: BuildOutput;
}

/** The images that stages of a build stand on: those of earlier stages, and of the engine, pulled at most once. */
export class StageImages {
  readonly #deps: StageImagesDeps;
  readonly #results: StoredImage[] = [];
  readonly #byName = new Map<string, StoredImage>();
  readonly #pulled = new Map<string, StoredImage>();

  constructor(deps: StageImagesDeps) {
    this.#deps = deps;
  }

  /** @throws EngineError failed */
  checkName(name: string): void {
    if (name !== '' && this.#byName.has(name)) throw new EngineError('failed', `${name} stage name already used`);
  }

  /** Keeps the result of a stage. `name` is '' or in lower case. */
  add(name: string, image: StoredImage): void {
    this.#results.push(image);
    if (name !== '') this.#byName.set(name, image);
  }

  /** What FROM names. Undefined for `scratch`. @throws EngineError of a pull */
  async base(ref: string, platform: Platform | undefined, signal: AbortSignal): Promise<StoredImage | undefined> {
    const stage = this.#byName.get(ref.toLowerCase());
    if (stage !== undefined) return stage;
    if (ref === 'scratch') return undefined;
    return await this.#image(ref, platform ?? this.#deps.request.platform, signal);
  }

  /** What `COPY --from` names. @throws EngineError, which names the flag's value */
  async source(ref: string, signal: AbortSignal): Promise<StoredImage> {
    try {
      const stage = this.#byName.get(ref.toLowerCase()) ?? this.#byIndex(ref);
      return stage ?? (await this.#image(ref, this.#deps.request.platform, signal));
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.kind, `invalid from flag value ${ref}: ${error.message}`, { cause: error });
    }
  }

  #byIndex(ref: string): StoredImage | undefined {
    if (!/^[+-]?\d{1,9}$/.test(ref)) return undefined;
    const index = Number(ref);
    if (index === this.#results.length) throw new EngineError('failed', 'refers to current build stage');
    const stage = this.#results[index];
    if (stage === undefined) throw new EngineError('failed', 'index out of bounds');
    return stage;
  }

  async #image(ref: string, platform: Platform | undefined, signal: AbortSignal): Promise<StoredImage> {
    const { ports, request, output } = this.#deps;
    const key = JSON.stringify([ref, platform ?? null]);
    const known = this.#pulled.get(key) ?? (request.pullsAlways ? undefined : ports.images.find(ref, platform));
    if (known !== undefined) return known;
    const { credentials } = request;
    const image = await ports.images.pull({ ref, platform, credentials, progress: output.send }, signal);
    this.#pulled.set(key, image);
    return image;
  }
}
