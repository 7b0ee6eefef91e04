/** A context as a list of sections, and how it is made to fit. */

import { byteLength, bytesOfTokens } from './tokens.ts'

export type Section = {
  readonly heading: string
  readonly intro?: string
  readonly items: readonly string[]
  /** Sections with the highest number lose items first; null: never cut. */
  readonly cut: null | { readonly rank: number; readonly from: 'first' | 'last'; readonly noun: string }
}

/** What the document looks like without the items that were cut. */
export function render(sections: readonly Section[], cut: readonly string[], limitTokens: number): string {
  const parts = sections.filter((section) => section.items.length > 0).map(renderSection)
  const note = cut.length === 0 ? [] : [cutNote(cut, limitTokens)]
  return `${[...parts, ...note].join('\n\n')}\n`
}

function cutNote(cut: readonly string[], limitTokens: number): string {
  return `_Cut to stay within ${limitTokens} tokens: ${cut.join('; ')}. The issue has the rest._`
}

function renderSection(section: Section): string {
  return [section.heading, ...(section.intro === undefined ? [] : [section.intro]), ...section.items].join(
    '\n\n',
  )
}

/**
 * Leaves items out, in the order of the ranks, until the document has at most `limitTokens`, or nothing more may be
 * left out. The caller measures the result.
 */
export function shorten(
  sections: readonly Section[],
  limitTokens: number,
): { sections: Section[]; cut: string[] } {
  const limit = bytesOfTokens(limitTokens)
  const kept = sections.map((section) => [...section.items])
  const phrases = () => cutPhrases(sections, kept)
  let bytes = byteLength(render(sections, [], limitTokens))
  const noteBytes = () => {
    const cut = phrases()
    return cut.length === 0 ? 0 : byteLength(cutNote(cut, limitTokens)) + 2
  }
  while (bytes + noteBytes() > limit) {
    const index = nextToCut(sections, kept)
    const section = sections[index]
    const items = kept[index]
    if (section === undefined || items === undefined) break
    const item = section.cut?.from === 'first' ? items.shift() : items.pop()
    bytes -= byteLength(item ?? '') + 2
    if (items.length === 0) bytes -= byteLength(renderSection({ ...section, items: [] })) + 2
  }
  return { sections: sections.map((section, at) => ({ ...section, items: kept[at] ?? [] })), cut: phrases() }
}

function nextToCut(sections: readonly Section[], kept: readonly (readonly string[])[]): number {
  let best = -1
  let bestRank = Number.NEGATIVE_INFINITY
  for (const [index, section] of sections.entries()) {
    const rank = section.cut?.rank
    if (rank === undefined || (kept[index]?.length ?? 0) === 0 || rank <= bestRank) continue
    best = index
    bestRank = rank
  }
  return best
}

function cutPhrases(sections: readonly Section[], kept: readonly (readonly string[])[]): string[] {
  return sections.flatMap((section, index) => {
    const lost = section.items.length - (kept[index]?.length ?? 0)
    if (lost === 0 || section.cut === null) return []
    const which = section.cut.from === 'first' ? 'the oldest' : 'the last'
    const all = lost === section.items.length
    return [`${lost} of ${section.items.length} ${section.cut.noun}${all ? '' : ` (${which})`}`]
  })
}
