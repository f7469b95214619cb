/** Log options of a container or of the engine: the values of `--log-opt`. */
export type LogOptions = Readonly<Record<string, string>>;
