import { createRequire } from 'node:module';

/**
 * Loads a module and all that it imports: at once, where it is there beside `base`. `import()` reads the files of a large graph one by one
 * from the thread pool, which takes half as long again.
 *
 * @param base `import.meta.url`
 * @param later the same module, for who runs the sources or a bundle of them
 */
export async function load<Module>(base: string, path: string, later: () => Promise<Module>): Promise<Module> {
  try {
    return createRequire(base)(path);
  } catch (error) {
    if (!isMissing(error, path)) throw error;
    return later();
  }
}

/** In a bundle there is no module beside this one, or no address of this one. */
export function isMissing(error: unknown, path: string): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'ERR_INVALID_ARG_VALUE' || (error.code === 'MODULE_NOT_FOUND' && error.message.includes(path));
}
