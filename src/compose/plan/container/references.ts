/** What a container takes from containers of other services, with their ids and names. */
export interface References {
  /** `container:ID`, for a network, IPC or PID namespace of another container. */
  readonly networkMode?: string;
  readonly ipc?: string;
  readonly pid?: string;
  /** `ID` or `ID:ro`. */
  readonly volumesFrom?: readonly string[];
  /** `NAME:ALIAS`. */
  readonly links?: readonly string[];
}
