import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileSeccomp } from '../../linux/index.ts';
import type { RuntimeSpec, SeccompProfile } from '../../spec/index.ts';
import { runtimeRoot } from '../../spec/index.ts';
import { addEnosysStub } from './enosys-stub.ts';

/**
 * crun(1): the annotation with the filter in the kernel's form, base64. crun then does not compile the profile of the
 * configuration.
 */
const ANNOTATION = 'run.oci.seccomp_bpf_data';
/** Path of the compiled filter beneath crun's `--root`. */
const COMPILED = 'seccomp.bpf';

/**
 * Compiles the seccomp profiles of containers for crun (`docs/decisions/0004`). A profile is compiled once for all its
 * containers, which saves 17 of the 33 ms of a start. New system calls return ENOSYS, which crun does not arrange. When
 * a profile cannot be compiled here, crun compiles it for the first container, and the other containers get crun's
 * result. Profiles are compared by identity:
 * `oci-spec/seccomp.ts` makes one object per set of capabilities.
 */
export class CompiledFilters {
  readonly #root: string;
  /** Base64. Undefined for a profile that only crun can compile, until a container has it. */
  readonly #filters = new WeakMap<SeccompProfile, string | undefined>();

  constructor(execRoot: string) {
    this.#root = runtimeRoot(execRoot);
  }

  /**
   * Adds the compiled filter of its profile, where it is known, to a configuration. The profile stays in it for other
   * runtimes.
   */
  apply(spec: RuntimeSpec): RuntimeSpec {
    const profile = spec.linux.seccomp;
    if (profile === undefined) return spec;
    if (!this.#filters.has(profile)) this.#filters.set(profile, compiled(profile));
    const filter = this.#filters.get(profile);
    if (filter === undefined) return spec;
    return { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: filter } };
  }

  /**
   * Keeps the filter that crun compiled for a started container. Does nothing when the container has been removed
   * already.
   */
  async learn(spec: RuntimeSpec, containerId: string): Promise<void> {
    const profile = spec.linux.seccomp;
    if (profile === undefined || this.#filters.get(profile) !== undefined) return;
    try {
      const filter = await readFile(join(this.#root, containerId, COMPILED));
      // struct sock_filter has eight bytes. An empty file is being written.
      if (filter.length > 0 && filter.length % 8 === 0) this.#filters.set(profile, filter.toString('base64'));
    } catch {
      // The runtime is not crun or another version of it, or the container has been removed. The next start tries
      // again.
    }
  }
}

function compiled(profile: SeccompProfile): string | undefined {
  // Flags are not part of the filter: crun passes them to the kernel beside it.
  const filter = compileSeccomp(profile);
  return filter === undefined ? undefined : addEnosysStub(filter, profile).toString('base64');
}
