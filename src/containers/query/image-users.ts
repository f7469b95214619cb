import { imagesOf } from '../relations/image-mounts.ts';
import type { ContainerTable } from '../tables/container-table.ts';

/**
 * Lists the containers whose root an image is, or which mount it. The images domain asks before it removes an image
 * (its `ImageUsers`).
 */
export function imageUsers(table: ContainerTable): {
  usersOf(imageId: string): readonly { readonly id: string; readonly running: boolean }[];
} {
  return {
    usersOf: (imageId) => {
      const users: { id: string; running: boolean }[] = [];
      for (const { record } of table.entries()) {
        if (imagesOf(record).some((id) => id === imageId)) users.push({ id: record.id, running: record.state.running });
      }
      return users;
    },
  };
}
