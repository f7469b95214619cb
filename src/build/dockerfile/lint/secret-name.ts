const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
/** Names of things about a secret that are none. */
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** Whether a variable's name says that its value is a secret: `API_KEY`, `password`. */
export function holdsSecret(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}
