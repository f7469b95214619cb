/** A line of a progress stream, in the API's spelling (`status`, `progressDetail`, `id`, `stream`, `errorDetail`). */
export type Progress = (message: Readonly<Record<string, unknown>>) => void;
