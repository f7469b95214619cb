// Fails when a commit's subject is not `area: imperative subject` of at most 72 characters, or its body is empty. It looks
// at the commits after `SINCE`, the last one without a body. `node tools/check-commits.mjs [FOLDER [SINCE]]`
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const folder = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const since = process.argv[3] ?? '54f1a394bbc2287540452f367ec253b39c44dbe2';
const SUBJECT = /^[a-z0-9/-]+(?:, [a-z0-9/-]+)*: [^A-Z\s]\S*(?: \S+)+$/;
const git = (...args) => spawnSync('git', ['-C', folder, ...args], { encoding: 'utf8' });

if (git('merge-base', '--is-ancestor', since, 'HEAD').status === 0) {
  const [text, ...faults] = [git('log', '--no-merges', '--format=%h%x00%s%x00%b%x01', `${since}..HEAD`).stdout];
  const commits = text.split('\x01').slice(0, -1);
  for (const commit of commits) {
    const [hash, subject, body] = commit.trim().split('\0');
    if (subject.length > 72)
      faults.push(`${hash} ${subject}: the subject has ${subject.length} characters, at most 72 are allowed`);
    if (!SUBJECT.test(subject)) faults.push(`${hash} ${subject}: the subject is not "area: imperative subject"`);
    if (body.trim() === '') faults.push(`${hash} ${subject}: the body is missing: it says why`);
  }
  console.log(faults.join('\n') || `commits ok (${commits.length})`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} else {
  console.log(`commits not checked: the history here does not contain ${since.slice(0, 12)}`);
}
