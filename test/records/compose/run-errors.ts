/** The runs of a record: what each printed, by its command line, without the texts of errors when it failed. */
export function withoutErrors(record: string): Map<string, string> {
  return new Map(
    runsOf(record).map(({ run, text }) => {
      const kept = failed(text) ? text.split('\n').filter((line) => isWarning(line) || !isError(line)) : [text];
      return [run, kept.join('\n')];
    }),
  );
}

/** The texts of errors of a record, each behind its command line. */
export function errorsOf(record: string): string {
  return runsOf(record)
    .filter(({ text }) => failed(text))
    .map(({ run, text }) =>
      [`$ ${run}`, ...text.split('\n').filter((line) => isError(line) && !isWarning(line)), ''].join('\n'),
    )
    .join('');
}

function runsOf(record: string): { run: string; text: string }[] {
  return record
    .split(/^\$ /m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n');
      return { run: block.slice(0, end), text: block.slice(end + 1) };
    });
}

function failed(text: string): boolean {
  return /^= [1-9]/m.test(text);
}

function isError(line: string): boolean {
  return line.startsWith('! ');
}

function isWarning(line: string): boolean {
  return line.startsWith('! warning: ');
}
