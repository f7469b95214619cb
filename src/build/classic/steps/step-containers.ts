import { newObjectId, shortId } from '../../../base/ids.ts';
import type { ContainerConfig } from '../../../spec/index.ts';
import type { BuildOutput } from '../build-output.ts';
import type { ClassicPorts } from '../ports.ts';
import type { ClassicRequest } from '../request.ts';

export type StepContainersDeps = {
  readonly ports: Pick<ClassicPorts, 'containers'>;
  readonly request: Pick<ClassicRequest, 'hostConfig' | 'removes'>;
  readonly output: BuildOutput;
};

/** The containers of the step under way. */
export class StepContainers {
  readonly #deps: StepContainersDeps;
  readonly #ids = new Set<string>();

  constructor(deps: StepContainersDeps) {
    this.#deps = deps;
  }

  /** Makes the container of a step, and says so. @throws EngineError invalid */
  async create(config: ContainerConfig, signal: AbortSignal): Promise<string> {
    const { ports, request, output } = this.#deps;
    const HostConfig = { ...request.hostConfig, LogConfig: { Type: 'none' } };
    const { id, warnings } = await ports.containers.create({ ...config, HostConfig }, signal);
    this.#ids.add(id);
    for (const warning of warnings) output.text(` ---> [Warning] ${warning}\n`);
    output.text(` ---> Running in ${shortId(id)}\n`);
    return id;
  }

  /**
   * Says what {@link create} says, for a step on `scratch`: there is no image to make a container of. Returns what says that it
   * is gone, as {@link end} does.
   */
  pretend(): () => void {
    const { request, output } = this.#deps;
    const id = shortId(newObjectId());
    output.text(` ---> Running in ${id}\n`);
    return () => {
      if (request.removes !== 'none') output.text(` ---> Removed intermediate container ${id}\n`);
    };
  }

  /** Removes the step's containers, or leaves them to the user, as the client has asked. */
  async end(outcome: 'succeeded' | 'failed'): Promise<void> {
    const { ports, request } = this.#deps;
    const isRemoved = request.removes === 'all' || (request.removes === 'succeeded' && outcome === 'succeeded');
    if (isRemoved) await this.remove();
    else for (const id of this.#ids) await ports.containers.keep(id);
    this.#ids.clear();
  }

  /** Removes the step's containers. */
  async remove(): Promise<void> {
    const { ports, output } = this.#deps;
    for (const id of this.#ids) {
      await ports.containers.remove(id);
      output.text(` ---> Removed intermediate container ${shortId(id)}\n`);
    }
    this.#ids.clear();
  }
}
