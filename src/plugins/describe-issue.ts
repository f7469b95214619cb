import type { core } from 'zod/mini';

/** Says what is wrong with a value, by the first problem. zod/mini has no texts of its own. */
export function describeIssue({ issues: [issue] }: core.$ZodError): string {
  const where = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.map(String).join('.');
  return issue?.code === 'invalid_type' ? `${where} must be of type ${issue.expected}` : `${where} is invalid`;
}
