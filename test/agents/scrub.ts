import { RESET } from '../agent/drivers/golden.ts'

/**
 * Takes out of a recording what differs from run to run and from machine to machine. Ids stay different from each other;
 * the time at which an allowance is renewed becomes a marker, for which the replay puts a time to come.
 */
export function scrub(text: string, directory: string): string {
  const ids = new Map<string, string>()
  const numbered = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, '0')}`)
    return ids.get(id) ?? id
  }
  return text
    .replaceAll(directory, '/session')
    .replaceAll(directory.replaceAll(/[/.]/g, '-'), '-session')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, numbered)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, '2026-01-01T00:00:00.000Z')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1')
    .replaceAll(/"(\w*(?:duration|delay|ttft|time_to)\w*)":\d+/g, '"$1":1')
    .replaceAll(/"resetsAt":\d+/g, `"resetsAt":${RESET}`)
    .replaceAll(/\b(at|resets) \d{1,2}:\d\d ?([AaPp][Mm])/g, '$1 11:59 $2')
    .replaceAll(/\d+\.sock\b/g, '1.sock')
}
