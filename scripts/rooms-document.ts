/** The text of `docs/rooms.md`, made from the import graph of `src/`. */

import { readTree } from '../test/architecture/read-tree.ts'
import { type Modules, ROOMS, type Room, readModules } from '../test/architecture/rooms.ts'
import { generatedFrom, markdownTable } from './markdown-table.ts'

export async function roomsDocument(): Promise<string> {
  const modules = readModules(await readTree('src'))
  return [
    '# Rooms and arrows',
    '',
    generatedFrom('the imports of src/'),
    '',
    'What each room of `src/` imports of the others; what it imports for its types alone is in brackets. Allowed is what',
    'stands above in this table ([architecture.md](architecture.md)).',
    '',
    ...markdownTable(
      ['room', 'imports'],
      ROOMS.filter((room) => [...modules.values()].some((module) => module.room === room)).map((room) => [
        `\`${room}\``,
        arrows(modules, room),
      ]),
    ),
    '',
  ].join('\n')
}

function arrows(modules: Modules, from: Room): string {
  const values = new Set<Room>()
  const types = new Set<Room>()
  for (const module of modules.values()) {
    if (module.room !== from) continue
    for (const { target, typeOnly } of module.local) {
      const to = modules.get(target)?.room
      if (to == null || to === from) continue
      if (typeOnly) types.add(to)
      else values.add(to)
    }
  }
  const shown = ROOMS.flatMap((room) => {
    if (values.has(room)) return [`\`${room}\``]
    return types.has(room) ? [`(\`${room}\`)`] : []
  })
  return shown.length === 0 ? 'nothing' : shown.join(', ')
}
