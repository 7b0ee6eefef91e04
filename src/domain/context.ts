/** The context builder: what an agent is told about a task. Pure; the same input gives the same bytes. */

import { cleaner } from './context/fence.ts'
import { constraints, instructions, overview } from './context/guidance.ts'
import type { ContextInput } from './context/input.ts'
import { issue, material } from './context/material.ts'
import { render, shorten } from './context/section.ts'
import { byteLength, bytesOfTokens, estimateTokens } from './context/tokens.ts'

export { acceptanceCriteria } from './context/acceptance.ts'
export type { ContextInput } from './context/input.ts'
export { estimateTokens } from './context/tokens.ts'

export type Context = {
  readonly markdown: string
  /** As `estimateTokens` counts; at most the limit. */
  readonly tokens: number
  /** What was left out to stay within the limit, a phrase each. */
  readonly cut: readonly string[]
}

/**
 * Builds the context of a session. It never has more than `limitTokens`: sections lose items in a fixed order (named
 * files, related issues, the repository's instructions, the oldest comments, the previous session, failing checks,
 * review comments, acceptance criteria), then the body of the issue is cut; a last line says what is missing.
 * Throws a RangeError when the limit is too small for instructions, constraints and title, or the marker is bad.
 */
export function buildContext(input: ContextInput): Context {
  const clean = cleaner(input.marker)
  const fixed = [overview(input, clean), instructions(input, clean), constraints(input, clean)]
  const fitted = shorten([...fixed, issue(input, clean, null), ...material(input, clean)], input.limitTokens)
  const markdown = render(fitted.sections, fitted.cut, input.limitTokens)
  const tokens = estimateTokens(markdown)
  if (tokens <= input.limitTokens) return { markdown, tokens, cut: fitted.cut }

  const cut = [...fitted.cut, "the end of the issue's text"]
  const withBody = (bodyBytes: number) =>
    render([...fixed, issue(input, clean, bodyBytes)], cut, input.limitTokens)
  const room = bytesOfTokens(input.limitTokens) - byteLength(withBody(0))
  if (room < 0) {
    throw new RangeError(
      `a context of ${input.limitTokens} tokens has no room for the instructions and the title`,
    )
  }
  const shorter = withBody(room)
  return { markdown: shorter, tokens: estimateTokens(shorter), cut }
}
