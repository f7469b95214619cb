/** Something in a file that looks like a password or a key. */
export interface FoundSecret {
  /** What it looks like. */
  readonly kind: string;
  readonly line: number;
  /** Its beginning. */
  readonly hint: string;
}

/** Forms that providers document for their keys. Each has one text that is the secret. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/g],
  ['key of AWS', /\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ANVA|AIPA)[A-Z0-9]{16}\b/g],
  ['token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/g],
  ['token of GitLab', /\bglpat-[A-Za-z0-9_-]{20,}/g],
  ['token of Slack', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g],
  ['webhook of Slack', /\bhooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/g],
  ['key of Stripe', /\b[rs]k_live_[A-Za-z0-9]{16,}/g],
  ['token of npm', /\bnpm_[A-Za-z0-9]{36}\b/g],
  ['key of SendGrid', /\bSG\.[\w-]{16,}\.[\w-]{16,}/g],
  ['key of Google', /\bAIza[\w-]{35}/g],
  ['token (JWT)', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g],
  ['password in an address', /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/'"]{1,100}:(?!\$)[^\s:@/'"]{1,100}@/g],
];

const HINT_LENGTH = 8;

/** Finds what looks like a secret in a text. */
export function findSecrets(text: string): readonly FoundSecret[] {
  const found: FoundSecret[] = [];
  for (const [index, line] of text.split('\n').entries())
    for (const [kind, form] of KINDS)
      for (const [secret] of line.matchAll(form))
        found.push({ kind, line: index + 1, hint: `${secret.slice(0, HINT_LENGTH)}…` });
  return found;
}
