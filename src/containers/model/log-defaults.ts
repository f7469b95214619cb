/** Rotation of logs whose container sets no log options. */
export interface LogDefaults {
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly compress: boolean;
}
