/** What a request that builds nothing tells. */
export interface Answer {
  /** `result.json`. */
  readonly json: unknown;
  /** `result.txt`. */
  readonly text: string;
  /** Of a check. */
  readonly statusCode?: number;
}
