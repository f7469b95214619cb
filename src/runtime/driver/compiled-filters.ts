import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeSpec, SeccompProfile } from '../../spec/index.ts';
import { runtimeRoot } from '../../spec/index.ts';

/** crun(1): the filter as the kernel takes it, base64. The profile in the configuration is then not compiled. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';
/** Where crun keeps what it compiled, beneath its `--root`. */
const COMPILED = 'seccomp.bpf';

/**
 * Spares crun the compilation of a seccomp profile, 17 of the 33 ms that a start with Docker's default profile takes
 * (`docs/decisions/0004`): the filter of the first container with a profile is handed to all others. Profiles are told
 * apart by identity; `oci-spec/seccomp.ts` makes one object per set of capabilities.
 */
export class CompiledFilters {
  readonly #root: string;
  readonly #filters = new WeakMap<SeccompProfile, string>();

  constructor(execRoot: string) {
    this.#root = runtimeRoot(execRoot);
  }

  /** The configuration with the compiled filter of its profile, where that is known. The profile stays for other runtimes. */
  apply(spec: RuntimeSpec): RuntimeSpec {
    const profile = spec.linux.seccomp;
    const filter = profile === undefined ? undefined : this.#filters.get(profile);
    if (filter === undefined) return spec;
    return { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: filter } };
  }

  /** Keeps what crun compiled for a container that has started. A container that is gone already teaches nothing. */
  async learn(spec: RuntimeSpec, containerId: string): Promise<void> {
    const profile = spec.linux.seccomp;
    if (profile === undefined || this.#filters.has(profile)) return;
    try {
      const filter = await readFile(join(this.#root, containerId, COMPILED));
      // struct sock_filter has eight bytes; an empty file is one that is being written.
      if (filter.length > 0 && filter.length % 8 === 0) this.#filters.set(profile, filter.toString('base64'));
    } catch {
      // Not crun, another version of it, or too late: the next start tries again.
    }
  }
}
