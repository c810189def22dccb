/** The store cannot be opened; the message says why and the way out, for whoever starts the process. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}
