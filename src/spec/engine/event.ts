/** One line of GET /events. */
export interface EngineEvent {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder' | 'plugin';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local' | 'swarm';
  /** Seconds since the epoch. */
  readonly time: number;
  /** Nanoseconds since the epoch; serialised as a bare integer by `JSON.rawJSON`. */
  readonly timeNano: bigint;
}

/** Where the domain announces what happened; filled in with the time by the event log. */
export interface EventSink {
  emit(type: EngineEvent['Type'], action: string, id: string, attributes: Readonly<Record<string, string>>): void;
}
