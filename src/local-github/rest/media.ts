import type { Call } from './call.ts'

const accepts = (call: Call, word: 'diff' | 'raw') =>
  new RegExp(`application/vnd\\.github\\.(v3\\.)?${word}\\b`).test(call.headers.accept ?? '')

/** True when the caller asked for the diff instead of JSON. */
export const wantsDiff = (call: Call): boolean => accepts(call, 'diff')

/** True when the caller asked for a file's bytes instead of JSON. */
export const wantsRaw = (call: Call): boolean => accepts(call, 'raw')
