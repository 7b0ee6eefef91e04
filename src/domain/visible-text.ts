/** Text as a person sees it: without what is there for machines only. */

/**
 * Characters that show nothing or change the order of others: controls except tab and line feed, format characters
 * (zero width, bidi controls, tag characters, soft hyphen), variation selectors but the emoji one, fillers, private
 * use and lone surrogates.
 */
const invisible =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]|\u034f|[\u115f\u1160\u3164\uffa0]|[\u17b4\u17b5]|[\ufe00-\ufe0e]|[\u{e0100}-\u{e01ef}]|[\u{1d173}-\u{1d17a}]/gu

/** Line ends become `\n`, invisible characters are removed. */
export function withoutInvisible(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(invisible, '')
}

/**
 * Removes from Markdown what GitHub does not show: HTML comments, invisible characters, link definitions used as
 * comments, images with their alternative texts. Fenced code that is certainly code keeps its comments and tags.
 */
export function visibleText(markdown: string): string {
  return segments(withoutInvisible(markdown))
    .map((segment) => (segment.code ? segment.text : removeHidden(segment.text)))
    .join('\n')
}

/** Repeated until nothing changes, so that nothing can be assembled from what is left over. */
function removeHidden(markdown: string): string {
  let text = markdown
  for (let round = 0; round < 10; round += 1) {
    const next = removeOnce(text)
    if (next === text) return text
    text = next
  }
  // What still changes after ten rounds was built to; without these nothing of it can hide anything.
  return text.replaceAll('<', '&lt;').replaceAll('![', '[')
}

function removeOnce(text: string): string {
  return text
    .replace(/<!--(?:>|->|[\s\S]*?(?:-->|$))/g, '')
    .replace(/^[ \t]{0,3}\[(?:\/\/|comment|_metadata_[^\]\n]{0,80})\]:[^\n]*$/gim, '')
    .replace(/!\[[^[\]\n]{0,2000}\]\([^()\n]{0,4000}\)/g, '(image)')
    .replace(/!\[[^[\]\n]{0,2000}\]\[[^[\]\n]{0,200}\]/g, '(image)')
    .replace(/<(img|source|picture|video|audio|svg|iframe|object|embed)\b(?!>)[^>]{0,4000}>?/gi, '<$1>')
}

type Segment = { readonly text: string; readonly code: boolean }

/** HTML blocks that go on over blank lines, in which a fence is no fence. */
const lastingHtml = /^ {0,3}<(?:(?:pre|script|style|textarea)\b|\?|![a-z[])/i

/**
 * Splits at fences that GitHub surely takes for fences: they begin in the first column (so no list and no quote
 * holds them), no HTML line stands in the same paragraph before them, and no HTML comment is open.
 */
function segments(text: string): Segment[] {
  const found: Segment[] = []
  let lines: string[] = []
  let fence: string | null = null
  let html = false
  let lasting = false
  let comment = false
  const end = (code: boolean) => {
    if (lines.length > 0) found.push({ text: lines.join('\n'), code })
    lines = []
  }
  for (const line of text.split('\n')) {
    if (fence !== null) {
      lines.push(line)
      if (!closesFence(line, fence)) continue
      end(true)
      fence = null
      continue
    }
    if (!comment && line.trim() === '') html = false
    lasting ||= lastingHtml.test(line)
    html ||= /^ {0,3}</.test(line)
    const opener = /^(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1]
    if (opener !== undefined && !html && !lasting && !comment) {
      end(false)
      fence = opener
    }
    comment = fence === null && leavesCommentOpen(line, comment)
    lines.push(line)
  }
  end(fence !== null)
  return found
}

function closesFence(line: string, fence: string): boolean {
  const match = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)
  return match?.[1] !== undefined && match[1][0] === fence[0] && match[1].length >= fence.length
}

function leavesCommentOpen(line: string, open: boolean): boolean {
  const lastOpen = line.lastIndexOf('<!--')
  const lastClose = line.lastIndexOf('-->')
  if (lastOpen < 0) return open && lastClose < 0
  return lastClose < lastOpen
}
