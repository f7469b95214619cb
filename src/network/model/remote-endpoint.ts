/**
 * An endpoint that a network plugin was asked to make. It is stored before the request, and until the plugin has removed
 * it, so that a start can undo what a crash has left.
 */
export interface RemoteEndpointRecord {
  /** Name of the plugin. */
  readonly driver: string;
  readonly networkId: string;
  readonly endpointId: string;
}
