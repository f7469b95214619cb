/** The containers that use images. The wiring implements it. */
export interface ImageUsers {
  /** Containers that were made from the image. */
  usersOf(imageId: string): readonly { readonly id: string; readonly running: boolean }[];
}
