/** Splits one line of comma separated values, with quotes as in RFC 4180. @throws Error */
export function parseCsv(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let value = '';
      at++;
      for (;;) {
        const end = line.indexOf('"', at);
        if (end === -1) throw new Error('parse error: extraneous or missing " in quoted-field');
        value += line.slice(at, end);
        at = end + 1;
        if (line[at] !== '"') break;
        value += '"';
        at++;
      }
      fields.push(value);
      if (at < line.length && line[at] !== ',') throw new Error('parse error: extraneous or missing " in quoted-field');
    } else {
      const end = line.indexOf(',', at);
      const field = line.slice(at, end === -1 ? line.length : end);
      if (field.includes('"')) throw new Error('parse error: bare " in non-quoted-field');
      fields.push(field);
      at = end === -1 ? line.length : end;
    }
    if (at >= line.length) return fields;
    at++;
  }
}
