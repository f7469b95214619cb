export interface KnownDifference {
  readonly project: string;
  /** Matches a line `PATH: THEIRS, OURS`. */
  readonly what: RegExp;
  readonly why: string;
}

/** Where docker compose and `gantry compose` leave different states, on purpose. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    project: 'hooks',
    what: /^\/files\/stop: /,
    why: 'gantry runs pre_stop before it replaces a container too: the container is stopped by the user',
  },
  {
    project: 'default-network',
    what: /^\/networks: /,
    why: 'down removes a network that has another name in the file by now; docker compose leaves it behind',
  },
  {
    project: 'built',
    what: /tagged-1\/Config\/Labels\/com\.docker\.compose\.replace: "tagged-1", nothing$/,
    why: 'docker compose notes another id of an image that it has just built than it finds later, and recreates once in vain',
  },
  {
    project: 'network-change',
    what: /Labels\/com\.docker\.compose\.replace: |\/Aliases: null, /,
    why: 'docker compose connects the old containers to the new network without their aliases; gantry recreates them',
  },
  ...['scale', 'deploy'].map((project) => ({
    project,
    what: /^\/containers\/\/\S+-(?:web|many)-[123]: (?:nothing, \{.*|\{.*, nothing)$/,
    why: 'of containers that are outdated all, docker compose removes any when it scales down; gantry those with the highest numbers',
  })),
];
