/** What a statement is about. */
export interface StatementSubject {
  /** `self` is the result itself, under its own names; `raw` is what the digests name. */
  readonly kind: 'self' | 'raw';
  /** '' for none. */
  readonly name: string;
  /** Such as `sha256:…`. */
  readonly digests: readonly string[];
}

/** A subject as in-toto writes it. */
export interface InTotoSubject {
  readonly name: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** What a statement is about, in words of in-toto: nothing named is the result itself. */
export function subjectsOf(
  subjects: readonly StatementSubject[],
  self: readonly InTotoSubject[],
): readonly InTotoSubject[] {
  if (subjects.length === 0) return self;
  return subjects.flatMap(({ kind, name, digests }): readonly InTotoSubject[] => {
    if (kind === 'raw') return [{ name: name || '_', digest: Object.fromEntries(digests.map(algorithmAndHex)) }];
    return self.flatMap((own) => (name === '' ? [own] : [own, { ...own, name }]));
  });
}

function algorithmAndHex(digest: string): [string, string] {
  const colon = digest.indexOf(':');
  return [digest.slice(0, Math.max(0, colon)), digest.slice(colon + 1)];
}
