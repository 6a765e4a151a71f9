import { createRequire } from 'node:module';

let required: NodeJS.Require | null = null;

/**
 * Loads a module and all that it imports: at once, where `path` (beside this file) is there. `import()` reads the files of a large graph one
 * by one from the thread pool, which takes half as long again.
 *
 * @param later the same module, for who runs the sources or a bundle of them
 */
export async function load<Module>(path: string, later: () => Promise<Module>): Promise<Module> {
  try {
    required ??= createRequire(import.meta.url);
    return required(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_INVALID_ARG_VALUE') throw error;
    return later();
  }
}
