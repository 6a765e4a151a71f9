// Writes schema/report.v1.json: the JSON Schema of a report, from the types in src/model.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * @param {boolean} isOpen whether further keys are allowed: later versions may add some
 * @returns {object} the schema
 */
export function reportSchema(isOpen = true) {
  const generator = createGenerator({
    path: `${root}src/model.ts`,
    tsconfig: `${root}tsconfig.json`,
    type: 'Report',
    topRef: false,
    additionalProperties: isOpen,
    skipTypeCheck: true,
  });
  const { $schema, ...schema } = JSON.parse(JSON.stringify(generator.createSchema('Report'), withoutLinks));
  return { $schema, $id: 'urn:closenotify:report:1', title: 'closenotify report', ...schema };
}

/** Links of TSDoc lead nowhere here: their words stay. */
function withoutLinks(key, value) {
  if (key !== 'description' || typeof value !== 'string') return value;
  return value.replace(/\s*\{@link\s+(\S+)\s*\}\s?([.,;:)]?)/g, ' $1$2');
}

/** @returns {string} the text of the file */
export function schemaText() {
  return `${JSON.stringify(reportSchema(), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(`${root}schema`, { recursive: true });
  writeFileSync(`${root}schema/report.v1.json`, schemaText());
}
