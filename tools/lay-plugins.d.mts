export function layPlugins(options?: {
  readonly folder?: string;
  readonly home?: string;
  readonly systemFolders?: readonly string[];
}): string[];
