import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOCKERD, FORMS, HIDING, repeatedLayersSuite, treeOf } from './repeated-layers.suite.ts';

/** Where dockerd shows something else than one layer unpacked over the other, and why. */
const UNLIKE_DOCKERD: Readonly<Record<string, string>> = {
  'the root made opaque in between': 'the opaque mark of a root is lost',
  'the root made opaque again and again': 'the opaque mark of a root is lost',
  'folders that the layer does not describe': 'a folder that a layer implies gets mode 0755',
  'folders that the layer does not describe, changed in between': 'a folder that a layer implies gets mode 0755',
  'a link to a file of a layer below': 'the image is refused',
  'a name through a link of a layer below': 'a folder that a layer implies hides a link',
};

test('what an image shows that repeats layers is what dockerd shows, but for its known faults', () => {
  assert.deepEqual(
    FORMS.map(({ name }) => name),
    Object.keys(DOCKERD),
  );
  for (const form of FORMS) {
    if (UNLIKE_DOCKERD[form.name] === undefined) assert.deepEqual(DOCKERD[form.name]?.tree, treeOf(form), form.name);
    else assert.notDeepEqual(DOCKERD[form.name]?.tree, treeOf(form), form.name);
  }
});

/** Forms that hide files are in `repeated-layers-hidden.test.ts`. */
repeatedLayersSuite(
  'overlay2',
  FORMS.map(({ name }) => name).filter((name) => !HIDING.has(name)),
);
