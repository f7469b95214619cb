import type { RunningContainer } from '../running/index.ts';

/**
 * What `up` would change, decided before anything is changed. Pure: it comes from a project and from what the engine has.
 *
 * Words: a container is *kept* when it is what the project wants, and started if it does not run. It is *recreated* when
 * it is not: a new one takes its place, its number, its name and its anonymous volumes. An *orphan* is a container of the
 * project whose service the project no longer has.
 */
export interface Plan {
  readonly networks: readonly ResourceChange[];
  readonly volumes: readonly ResourceChange[];
  /** In the order of their dependencies. */
  readonly services: readonly ServicePlan[];
  readonly orphans: readonly RunningContainer[];
}

/** A network or a volume. */
export interface ResourceChange {
  /** Its key in the project. */
  readonly key: string;
  /** Its name at the engine. */
  readonly name: string;
  /** `differs`: it is there, with another configuration, and stays as it is unless somebody agrees. */
  readonly kind: 'create' | 'recreate' | 'differs' | 'keep';
  /** Of the network that is there. */
  readonly id?: string;
}

export interface ServicePlan {
  readonly service: string;
  /** In the order of their numbers. */
  readonly containers: readonly ContainerChange[];
  /** A dependency that it restarts with is recreated: its containers stop before, and start again after. */
  readonly isRestarted: boolean;
}

export type ContainerChange =
  | { readonly kind: 'create'; readonly name: string; readonly number: number }
  | {
      readonly kind: 'recreate';
      readonly name: string;
      readonly number: number;
      readonly existing: RunningContainer;
      readonly reason: RecreateReason;
    }
  | {
      readonly kind: 'keep';
      readonly existing: RunningContainer;
      /** The name that it was to get when an earlier `up` was cut off. */
      readonly newName?: string;
    }
  | {
      readonly kind: 'remove';
      readonly existing: RunningContainer;
      /** Made by an earlier `up` that was cut off: it has the name that its successor needs, so it goes first. */
      readonly isUnfinished?: true;
    };

/** Why a container is not what the project wants. */
export type RecreateReason =
  | { readonly kind: 'forced' | 'image' }
  /** The keys that differ, where they are known: other tools keep a hash of the whole alone. */
  | { readonly kind: 'configuration'; readonly keys?: readonly string[] }
  | { readonly kind: 'network' | 'volume' | 'service'; readonly name: string };
