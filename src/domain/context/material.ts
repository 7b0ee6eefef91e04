/** The parts of a context that others wrote: the issue, the discussion, reviews, checks, related work, files. */

import { acceptanceCriteria } from './acceptance.ts'
import type { Cleaner } from './fence.ts'
import type { ContextInput, RelatedIssue } from './input.ts'
import type { Section } from './section.ts'
import { cutToBytes } from './tokens.ts'

/** The order in which sections lose items: the highest first. The body of the issue is cut when all else is gone. */
const ranks = {
  files: 8,
  related: 7,
  repository: 6,
  discussion: 5,
  previous: 4,
  checks: 3,
  review: 2,
  criteria: 1,
}

const cutMark = '[... the rest of the text was cut]'

/** `bodyBytes` limits the body; null leaves it whole. The title is never cut. */
export function issue(input: ContextInput, clean: Cleaner, bodyBytes: number | null): Section {
  const title = `Title: ${clean.line(input.issue.title)}`
  const whole = cleanBody(input, clean)
  const body = bodyBytes === null ? whole : `${cutToBytes(whole, bodyBytes)}\n${cutMark}`
  const text = body === '' ? `${title}\n\n(The issue has no description.)` : `${title}\n\n${body}`
  return {
    heading: '## The issue',
    items: [attributed(clean, `the issue, by ${clean.login(input.issue.author)}`, input.issue.trusted, text)],
    cut: null,
  }
}

function cleanBody(input: ContextInput, clean: Cleaner): string {
  return clean.block(input.issue.body)
}

/** Everything that may be left out. */
export function material(input: ContextInput, clean: Cleaner): Section[] {
  return [
    criteria(input, clean),
    discussion(input, clean),
    reviewThreads(input, clean),
    failingChecks(input, clean),
    previousSession(input, clean),
    related(input, clean),
    files(input, clean),
    repositoryInstructions(input, clean),
  ]
}

function attributed(clean: Cleaner, source: string, trusted: boolean, text: string): string {
  return trusted ? `From ${source}:\n\n${text}` : clean.fence(source, text)
}

function criteria(input: ContextInput, clean: Cleaner): Section {
  const found = acceptanceCriteria(cleanBody(input, clean)).map((text) => `- ${clean.line(text)}`)
  const source = `acceptance criteria, by ${clean.login(input.issue.author)}`
  return {
    heading: '## Acceptance criteria',
    items: found.length === 0 ? [] : [attributed(clean, source, input.issue.trusted, found.join('\n'))],
    cut: { rank: ranks.criteria, from: 'last', noun: 'lists of acceptance criteria' },
  }
}

function discussion(input: ContextInput, clean: Cleaner): Section {
  return {
    heading: '## Discussion',
    items: input.comments.map((comment) => {
      const source = `comment by ${clean.login(comment.author)}, ${new Date(comment.at).toISOString()}`
      return attributed(clean, source, comment.trusted, clean.block(comment.body))
    }),
    cut: { rank: ranks.discussion, from: 'first', noun: 'comments' },
  }
}

function reviewThreads(input: ContextInput, clean: Cleaner): Section {
  return {
    heading: '## Review comments to resolve',
    items: input.reviewThreads.map((thread) => {
      const line = thread.line === null ? '' : ` line ${thread.line}`
      const where = `\`${clean.line(thread.path)}\`${line} (thread \`${clean.line(thread.id)}\`)`
      const source = `review comment by ${clean.login(thread.author)}`
      return attributed(clean, source, thread.trusted, `${where}\n\n${clean.block(thread.body)}`)
    }),
    cut: { rank: ranks.review, from: 'last', noun: 'review comments' },
  }
}

function failingChecks(input: ContextInput, clean: Cleaner): Section {
  return {
    heading: '## Failing checks',
    items: input.failingChecks.map((check) =>
      clean.fence(
        'a failing check and its last lines',
        `${clean.line(check.name)}\n\n${clean.block(check.lastLines)}`,
      ),
    ),
    cut: { rank: ranks.checks, from: 'last', noun: 'failing checks' },
  }
}

function previousSession(input: ContextInput, clean: Cleaner): Section {
  const last = input.previousSession
  return {
    heading: '## What the previous session did',
    items:
      last === null ? [] : [clean.fence(`summary by ${clean.login(last.agent)}`, clean.block(last.summary))],
    cut: { rank: ranks.previous, from: 'last', noun: 'summaries of the previous session' },
  }
}

function related(input: ContextInput, clean: Cleaner): Section {
  const lines = [
    ...(input.parent === null ? [] : [relatedLine('part of', input.parent, clean)]),
    ...input.blockedBy.map((blocker) => relatedLine('builds on', blocker, clean)),
  ]
  return {
    heading: '## Related issues',
    items: lines.map((line) => clean.fence('a related issue', line)),
    cut: { rank: ranks.related, from: 'last', noun: 'related issues' },
  }
}

function relatedLine(relation: string, other: RelatedIssue, clean: Cleaner): string {
  const outcome = other.outcome === null ? '' : `\nOutcome: ${clean.line(other.outcome)}`
  return `${relation} #${other.number}: ${clean.line(other.title)}${outcome}`
}

function files(input: ContextInput, clean: Cleaner): Section {
  return {
    heading: '## Files named in the issue',
    items: input.files.map((file) => {
      const symbols = file.symbols.map((symbol) => `\`${clean.line(symbol)}\``).join(', ')
      return `- \`${clean.line(file.path)}\`${symbols === '' ? '' : `: ${symbols}`}`
    }),
    cut: { rank: ranks.files, from: 'last', noun: 'named files' },
  }
}

function repositoryInstructions(input: ContextInput, clean: Cleaner): Section {
  return {
    heading: "## The repository's instructions for agents",
    intro: 'They are from the base branch. Where they differ from the instructions above, those above count.',
    items: input.repositoryInstructions.map(
      (file) => `From \`${clean.line(file.path)}\`:\n\n${clean.block(file.text)}`,
    ),
    cut: { rank: ranks.repository, from: 'last', noun: "files of the repository's instructions" },
  }
}
