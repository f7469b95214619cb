import type { Service } from '../../model/index.ts';
import type { References } from './references.ts';

/** A container that is to be created for a service. */
export interface NewContainer {
  readonly service: Service;
  readonly name: string;
  readonly number: number;
  /** Hash of the service's configuration, with its references resolved. */
  readonly configHash: string;
  /** Hashes of its keys, as a label has them. */
  readonly keyHashes?: string;
  /** Of the image, when it is known. */
  readonly imageId: string | undefined;
  /** Containers of other services that this one refers to. */
  readonly references: References;
  /** Name of the container that it replaces: the one that the service gives, or its own without the project's name. */
  readonly replaces?: string;
  /** Anonymous volumes of the container that it replaces: names by targets. */
  readonly inherited?: ReadonlyMap<string, string>;
  /** Text of the seccomp profile whose file the service names. */
  readonly profile?: string;
  /** For a container of `run`. */
  readonly oneOff?: OneOff;
}

/** What a container of `run` has that those of a service have not. */
export interface OneOff {
  /** Makes its name its own. */
  readonly slug: string;
  readonly hasInput: boolean;
  readonly hasTerminal: boolean;
  /** Whether the engine removes it when it has ended. */
  readonly isRemoved: boolean;
  /** Whether it answers for its service on the networks. */
  readonly usesAliases: boolean;
}
