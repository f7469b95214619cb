import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequiredError, substitute, TemplateError, type Variables } from './template.ts';

function variables(values: Readonly<Record<string, string>>): Variables & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { get: (name) => values[name], warn: (text) => void warnings.push(text), warnings };
}

/** `@{` stands for what would look like a template of JavaScript. */
function dollars(text: string): string {
  return text.replaceAll('@{', '$'.concat('{'));
}

test('each operator replaces by its rule', () => {
  const given = variables({ A: 'a', E: '' });
  const templates = {
    '$A @{A} $$A $1 $': 'a a $A $1 $',
    '@{E:-x}@{E-x}@{N-x}@{N:-x}': 'xxx',
    '@{A:+x}@{A+x}@{E:+x}@{E+x}@{N+x}': 'xxx',
    '@{N:-@{M:-@{A}}}!': 'a!',
    '@{N:-a-b:?c}': 'a-b:?c',
    '@{A:?no}@{E?no}': 'a',
  };
  for (const [template, text] of Object.entries(templates))
    assert.equal(substitute(dollars(template), given), text, template);
  assert.deepEqual(given.warnings, []);
});

test('a variable that is not set is told, unless an operator says what to do', () => {
  const given = variables({});
  assert.equal(substitute('[$N]', given), '[]');
  assert.deepEqual(given.warnings, ['The "N" variable is not set. Defaulting to a blank string.']);
});

test('required variables and wrong templates are errors', () => {
  const given = variables({ E: '' });
  assert.throws(() => substitute(dollars('@{E:?must be}'), given), RequiredError);
  for (const template of ['@{', '@{}', '@{1}', '@{A', '@{A!x}', '@{A:-x'])
    assert.throws(() => substitute(dollars(template), given), TemplateError, template);
});
