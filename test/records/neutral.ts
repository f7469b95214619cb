/** Replaces what differs between two runs: ids, times, hardware addresses, numbers of interfaces, paths. */
export function neutral(text: string): string {
  return text
    .replaceAll(process.cwd(), '<folder>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<id>')
    .replaceAll(/\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{12}\b/g, '<short id>')
    .replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, '<hardware address>')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000 UTC|[+-]\d\d:\d\d)/g, '<time>')
    .replaceAll(/\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d\b/g, '<date>')
    .replaceAll(/^(\s*)\d+: (eth\d+)@if\d+:/gm, '$1<number>: $2:')
    .replaceAll(/ambiguous \(\d+ matches/g, 'ambiguous (<number> matches')
    .replaceAll(/fe80::[0-9a-f:]+/g, '<link-local>')
    .replaceAll(/= [\d.]+\/[\d.]+\/[\d.]+ ms/g, '= <times>');
}
