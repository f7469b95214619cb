/** An image reference in its familiar form. */
export interface FamiliarReference {
  /** Without the default registry and its `library/`. */
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Splits `name[:tag][@digest]`. Undefined for a malformed reference. Source: distribution's reference grammar. */
export function parseFamiliar(text: string): FamiliarReference | undefined {
  const match =
    /^((?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+)(?::([\w][\w.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-f]{32,}))?$/.exec(
      text,
    );
  if (match === null) return undefined;
  return { name: familiarName(match[1] ?? ''), tag: match[2], digest: match[3] };
}

function familiarName(name: string): string {
  const bare = name.replace(/^(?:index\.)?docker\.io\//, '');
  return bare === name && name.split('/').length !== 2 ? bare : bare.replace(/^library\//, '');
}

/** Adds the tag `latest` to a name without tag and digest. */
export function withDefaultTag(text: string): string {
  const parsed = parseFamiliar(text);
  return parsed === undefined || parsed.tag !== undefined || parsed.digest !== undefined ? text : `${text}:latest`;
}
