/** One line of GET /events. */
export interface EngineEvent {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder' | 'plugin';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local' | 'swarm';
  /** Seconds since the epoch. */
  readonly time: number;
  /** Nanoseconds since the epoch. `JSON.rawJSON` serialises it as a bare integer. */
  readonly timeNano: bigint;
}

/** Receives a domain's events. The event log adds the time. */
export interface EventSink {
  emit(type: EngineEvent['Type'], action: string, id: string, attributes: Readonly<Record<string, string>>): void;
}
