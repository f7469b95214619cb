export interface PluginTimes {
  /** The first interval between two attempts to reach a plugin. Each further one is twice as long. */
  readonly firstDelayMs: number;
  /** The limit of all intervals together. */
  readonly patienceMs: number;
  /** The limit for one answer. Some volume drivers attach a disk meanwhile. */
  readonly answerMs: number;
  /** The limit for the answer to a handshake. */
  readonly handshakeMs: number;
}

/** As in dockerd, the attempts follow each other after 1, 2, 4 and 8 seconds. */
export const PLUGIN_TIMES: PluginTimes = {
  firstDelayMs: 1000,
  patienceMs: 30_000,
  answerMs: 120_000,
  handshakeMs: 10_000,
};
