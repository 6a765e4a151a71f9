/** The Content-Security-Policy of the page: its own style and script, by their hashes, and nothing else. */
import { sha256 } from '@noble/hashes/sha2.js';

/** @param script @param style the exact text between the tags */
export function policyOf(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function hash(text: string): string {
  return `sha256-${btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))))}`;
}
