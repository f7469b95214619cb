import type { ContainerTable } from './container-table.ts';

/** What the images domain asks before it removes an image (its `ImageUsers`). */
export function imageUsers(table: ContainerTable): {
  usersOf(imageId: string): readonly { readonly id: string; readonly running: boolean }[];
} {
  return {
    usersOf: (imageId) => {
      const users: { id: string; running: boolean }[] = [];
      for (const { record } of table.entries()) {
        if (record.imageId === imageId) users.push({ id: record.id, running: record.state.running });
      }
      return users;
    },
  };
}
